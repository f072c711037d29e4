# What `cmake --install` puts where, and strangers who build on it.
load helpers

setup() {
    set_up
    build=${ZC_BUILD:-$ZC_ROOT/build/release}
    # A sanitizer's run time would have to be linked into the strangers' programs, too.
    ! grep -q '^ZC_SANITIZE:STRING=.' "$build/CMakeCache.txt" || skip "built with a sanitizer"
    prefix=$PWD/prefix
    cmake --install "$build" --prefix "$prefix" >/dev/null
    lib=$(cd "$prefix" && find lib* -name libzc.a)
    lib=${lib%/libzc.a}
    cat >stranger.cpp <<'END'
#include <zc/zc.hpp>

#include <cstdio>

int main() {
    auto pipe = zc::Pipe::create();
    if (!pipe) return 1;
    const auto report = zc::transfer(zc::FdView(1), zc::FdView(0));
    std::fprintf(stderr, "%s %llu\n", ZC_VERSION, static_cast<unsigned long long>(report.bytes));
    return report.error ? 1 : 0;
}
END
}

works() {
    stream make 3000000 | "$1" 2>said | stream check 3000000
    [[ $(cat said) == "$(zc-cat --version | sed 's/.* //') 3000000" ]]
}

@test "install: programs, library, headers, man pages and completions are where they belong" {
    cd "$prefix"
    for program in zc-cat zc-tee zc-relay; do
        [[ -x bin/$program && -f share/man/man1/$program.1 ]]
        [[ -f share/bash-completion/completions/$program ]]
        [[ -f share/zsh/site-functions/_$program ]]
        [[ -f share/fish/vendor_completions.d/$program.fish ]]
    done
    [[ -f share/man/man3/libzc.3 && -f share/man/man7/zc-address.7 ]]
    [[ -f $lib/libzc.a && -f $lib/pkgconfig/zc.pc && -f $lib/cmake/zc/zcConfig.cmake ]]
    [[ -f include/zc/zc.hpp && -f include/zc/pipe.hpp ]]
    # No folder of the rooms, and nothing but the standard library, tl-expected and each other.
    [[ -z $(find include -mindepth 2 -type d) ]]
    run grep -rhoE '#include .*' include
    for line in "${lines[@]}"; do
        [[ $line =~ ^"#include <"([a-z_]+|tl/expected.hpp|zc/[a-z_]+.hpp)">"$ ]]
    done
}

@test "install: a stranger's CMake project" {
    mkdir theirs
    mv stranger.cpp theirs
    cat >theirs/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.25)
project(theirs LANGUAGES CXX)
find_package(zc 0.1 REQUIRED)
add_executable(stranger stranger.cpp)
target_link_libraries(stranger PRIVATE zc::zc)
END
    cmake -G Ninja -S theirs -B theirs/build -DCMAKE_PREFIX_PATH="$prefix" >/dev/null
    cmake --build theirs/build >/dev/null
    works theirs/build/stranger
}

# compile SOURCE PROGRAM: with the line that pkg-config says.
compile() {
    export PKG_CONFIG_PATH=$prefix/$lib/pkgconfig
    # shellcheck disable=SC2046 # they are words
    ${CXX:-g++} -std=c++20 "$1" $(pkg-config --cflags --libs zc) -o "$2"
}

@test "install: the camera of libzc(3), word for word" {
    sed -n '/^\.Bd -literal/,/^\.Ed/{/^\./d;p}' "$prefix/share/man/man3/libzc.3" >camera.cpp
    compile camera.cpp camera
    stream make 5000000 | ./camera recording | stream check 5000000
    stream check 5000000 <recording
}

@test "install: the example of README.md, word for word" {
    sed -n '/^```cpp/,/^```$/{/^```/d;p}' "$ZC_ROOT/README.md" >send.cpp
    compile send.cpp send
    stream make 5000000 >f
    run --separate-stderr ./send f CREATE:copy
    [[ $status -eq 0 && $output == "5000000 bytes by reflink" ]]
    same f copy
    run --separate-stderr ./send nosuch CREATE:copy
    fails_with "No such file or directory"
}

@test "install: a stranger's pkg-config line" {
    compile stranger.cpp stranger
    works ./stranger
}
