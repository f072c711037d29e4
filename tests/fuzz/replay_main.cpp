// Stands in for libFuzzer's main: runs a target over a corpus, then over
// mutations of it from a fixed seed, so that every run is the same run.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr int mutations = 200'000;

void run(const std::string& input) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

std::vector<std::string> read_corpus(const char* directory) {
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator(directory))
        paths.push_back(entry.path());
    std::sort(paths.begin(), paths.end());
    std::vector<std::string> inputs;
    for (const auto& path : paths) {
        std::ifstream file(path, std::ios::binary);
        inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    return inputs;
}

// One change: a byte flipped, taken out or put in, or another input spliced on.
std::string mutate(std::string text, const std::vector<std::string>& corpus, std::mt19937& random) {
    const auto pick = [&](std::size_t below) { return below == 0 ? 0 : random() % below; };
    const std::size_t at = pick(text.size());
    switch (random() % 5) {
        case 0:
            if (!text.empty()) text[at] = static_cast<char>(random() & 0xff);
            break;
        case 1: text.erase(at, 1 + pick(4)); break;
        case 2: text.insert(at, 1, "\\'\"()[]{},:!=/-0@"[pick(18)]); break;
        case 3: {
            const std::string& other = corpus[pick(corpus.size())];
            text = text.substr(0, at) + other.substr(pick(other.size()));
            break;
        }
        default: text.insert(at, text.substr(pick(text.size()), pick(16))); break;
    }
    return text;
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 2) return 2;
    const auto corpus = read_corpus(arguments[1]);
    if (corpus.empty()) return 2;
    for (const std::string& input : corpus) run(input);
    std::mt19937 random(20261123);
    for (int i = 0; i < mutations; ++i) {
        std::string text = corpus[random() % corpus.size()];
        for (auto changes = 1 + random() % 4; changes > 0; --changes)
            text = mutate(std::move(text), corpus, random);
        run(text);
    }
    std::printf("%zu inputs, %d mutations\n", corpus.size(), mutations);
}
