#include "framework/train/characters.h"

#include <algorithm>
#include <set>

namespace gradus::data {
namespace {

// The length of the character that begins here; 0 for what is no UTF-8.
std::size_t character_length(std::string_view rest) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(rest[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || rest.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return 0;
  }
  const bool overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  const bool outside = (first == 0xed && byte(1) > 0x9f) || (first == 0xf4 && byte(1) > 0x8f);
  return overlong || outside ? 0 : length;
}

std::string quoted(const std::string& character) {
  const auto byte = static_cast<unsigned char>(character[0]);
  if (character.size() > 1 || (byte >= 0x20 && byte != 0x7f)) return '"' + character + '"';
  if (character == "\n") return "line feed";
  if (character == "\t") return "tab";
  return "byte " + std::to_string(byte);
}

}  // namespace

std::vector<std::string> characters_of(std::string_view text, const std::string& what) {
  std::vector<std::string> result;
  for (std::size_t at = 0; at < text.size(); at += result.back().size()) {
    const std::size_t length = character_length(text.substr(at));
    if (length == 0) {
      throw FileError(what + ": byte " + std::to_string(at) + " begins no character of UTF-8");
    }
    result.emplace_back(text.substr(at, length));
  }
  return result;
}

std::string unknown_characters(const std::vector<std::string>& characters,
                               const std::vector<std::string>& alphabet) {
  std::set<std::string> unknown;
  for (const std::string& each : characters) {
    if (!std::binary_search(alphabet.begin(), alphabet.end(), each)) unknown.insert(each);
  }
  std::string names;
  for (const std::string& each : unknown) names += (names.empty() ? "" : ", ") + quoted(each);
  if (names.empty()) return names;
  return "not among the " + std::to_string(alphabet.size()) + " characters of the data: " + names;
}

std::vector<std::int64_t> tokens_of(const std::vector<std::string>& characters,
                                    const std::vector<std::string>& alphabet,
                                    const std::string& what) {
  const std::string unknown = unknown_characters(characters, alphabet);
  if (!unknown.empty()) throw FileError(what + ": " + unknown);
  std::vector<std::int64_t> tokens;
  for (const std::string& each : characters) {
    tokens.push_back(std::lower_bound(alphabet.begin(), alphabet.end(), each) - alphabet.begin());
  }
  return tokens;
}

std::vector<std::int64_t> tokens_of(std::string_view text, const std::vector<std::string>& alphabet,
                                    const std::string& what) {
  return tokens_of(characters_of(text, what), alphabet, what);
}

}  // namespace gradus::data
