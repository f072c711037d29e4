// fmt, compiled once: header-only it takes 4 of the 6 CPU seconds of each file that
// includes it. Debian has it otherwise as a shared library alone, which every start of a
// program would have to load.
//
// Its names are in an inline namespace of our own (src/CMakeLists.txt): whoever links
// libzc.a may have another fmt beside it.
#include <fmt/format-inl.h>

FMT_BEGIN_NAMESPACE
namespace detail {

// The templates of that header which <fmt/format.h> says are elsewhere.
template thousands_sep_result<char> thousands_sep_impl(locale_ref place);
template char decimal_point_impl(locale_ref place);

}  // namespace detail
FMT_END_NAMESPACE
