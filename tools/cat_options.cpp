#include "cat_options.hpp"

namespace zc::tool {
namespace {

// cat's own options, in the order of its help.
void declare_lines(OptionTable& table, LineOptions& lines) {
    table.flag(
        "-A,--show-all", [&] { lines.show_nonprinting = lines.show_ends = lines.show_tabs = true; },
        "equivalent to -vET");
    table.flag(
        "-b,--number-nonblank", [&] { lines.numbering = Numbering::nonblank; },
        "number nonempty output lines, overrides -n");
    table.flag(
        "-e", [&] { lines.show_nonprinting = lines.show_ends = true; }, "equivalent to -vE");
    table.flag("-E,--show-ends", lines.show_ends, "display $ at end of each line");
    table.flag(
        "-n,--number",
        [&] {
            if (lines.numbering == Numbering::none) lines.numbering = Numbering::all;
        },
        "number all output lines");
    table.flag("-s,--squeeze-blank", lines.squeeze_blank, "suppress repeated empty output lines");
    table.flag(
        "-t", [&] { lines.show_nonprinting = lines.show_tabs = true; }, "equivalent to -vT");
    table.flag("-T,--show-tabs", lines.show_tabs, "display TAB characters as ^I");
    table.flag(
        "-u", [] {}, "(ignored)");
    table.flag("-v,--show-nonprinting", lines.show_nonprinting,
               "use ^ and M- notation, except for LFD and TAB");
}

}  // namespace

void declare_cat(OptionTable& table, CatOptions& options) {
    table.description(
        "Concatenate FILEs to standard output.\n\n"
        "With no FILE, or when FILE is -, read standard input. A FILE is always a path;\n"
        "an ADDRESS is what zc-relay takes, see zc-address(7).");
    declare_lines(table, options.lines);
    table.repeated("--from=ADDRESS", "read ADDRESS, at this place among the FILEs");
    table.value(
        "--to=ADDRESS", [&](const std::string& text) { options.sink_address = text; },
        "write to ADDRESS");
    table.value(
        "-o,--output=FILE", [&](const std::string& text) { options.output = text; },
        "write to FILE instead of standard output");
    table.exclude("--output", "--to");
    table.flag("--append", options.append, "append to the FILE of --output");
    table.need("--append", "--output");
    add_files(table, options.result, "replace the FILE of --output when all is well");
    table.need("--atomic", "--output");
    table.exclude("--atomic", "--append");
    add_expectations(table, options.result);
    table.flag("--sparse", options.sparse, "leave holes in an output file, also for zeros");
    add_size(table, "--skip", "leave out the first SIZE bytes of the input",
             [&](std::uint64_t bytes) { options.skip_bytes = bytes; });
    add_size(table, "--count", "end after SIZE bytes of the input",
             [&](std::uint64_t bytes) { options.count_bytes = bytes; });
    add_supervision(table, options.supervisor, {.size = false});
    add_common(table, options.common);
    table.footer(
        "\nExamples:\n"
        "  zc-cat f - g             f, then standard input, then g\n"
        "  zc-cat --from TCP-LISTEN:4444 -o dump.sql\n"
        "                           what one client sends, into a file\n");
}

}  // namespace zc::tool
