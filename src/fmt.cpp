// fmt, compiled once: header-only it takes 4 of the 6 CPU seconds of each file that
// includes it. Debian has it otherwise as a shared library alone, which every start of a
// program would have to load.
//
// Its names are in an inline namespace of our own (src/CMakeLists.txt): whoever links
// libzc.a may have another fmt beside it.
#include <fmt/format-inl.h>

FMT_BEGIN_NAMESPACE
namespace detail {

// The templates of that header which other files, and this one, use.
template std::locale locale_ref::get<std::locale>() const;
template thousands_sep_result<char> thousands_sep_impl(locale_ref);
template char decimal_point_impl(locale_ref);
template dragonbox::decimal_fp<float> dragonbox::to_decimal(float) noexcept;
template dragonbox::decimal_fp<double> dragonbox::to_decimal(double) noexcept;
template void buffer<char>::append(const char*, const char*);
template void vformat_to(buffer<char>&, string_view, basic_format_args<FMT_BUFFER_CONTEXT(char)>,
                         locale_ref);

}  // namespace detail
FMT_END_NAMESPACE
