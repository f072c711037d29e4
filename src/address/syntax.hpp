// The lexical rules of addresses: quotes, brackets, escapes; nothing about meaning.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/result.hpp"

namespace zc {

// What becomes of quotes: in most pieces they only protect; in a command they
// also belong to it, unless one pair encloses the whole piece.
enum class Quotes : std::uint8_t { drop, keep };

// Reads the pieces of an address from left to right.
//
// Takes    quotes '' and "", brackets () [] {} (kept in the piece) protect the
//          separators; \ takes the next byte literally, or is \a \b \f \n \r \t \v.
class Scanner {
public:
    explicit Scanner(std::string_view text) : text_(text) {}

    [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
    [[nodiscard]] std::size_t position() const { return at_; }
    void go_back(std::size_t position) { at_ = position; }

    // Steps over `separator` if it comes next.
    [[nodiscard]] bool take(std::string_view separator);

    // Takes    the separators, one byte each; '!' stands for "!!".
    // Returns  the text up to a separator or the end, maybe empty.
    // Errors   bad_address for a quote or bracket that stays open, a \ at the end.
    [[nodiscard]] Result<std::string> piece(std::string_view separators, Quotes quotes);

private:
    [[nodiscard]] bool at_separator(std::string_view separators) const;
    Result<void> take_escape(std::string& out);
    Result<void> take_quoted(std::string& out);

    std::string_view text_;
    std::size_t at_ = 0;
};

// `text` so that piece() reads it back.
[[nodiscard]] std::string escape(std::string_view text);

// `text` for a message: control bytes shown as '?', cut after 80 bytes.
[[nodiscard]] std::string shown(std::string_view text);

[[nodiscard]] std::string lower(std::string_view text);
[[nodiscard]] std::string upper(std::string_view text);

// The arguments of an EXEC command: split at spaces, quotes and escapes taken out.
//
// Errors   bad_address when there is none, or a quote or bracket stays open.
[[nodiscard]] Result<std::vector<std::string>> split_command(std::string_view command);

[[nodiscard]] inline Failure malformed(std::string detail) {
    return failure(Error::told(Errc::bad_address, "parse", std::move(detail)));
}
[[nodiscard]] inline Failure unsupported(std::string detail) {
    return failure(Error::told(Errc::unavailable, "parse", std::move(detail)));
}

}  // namespace zc
