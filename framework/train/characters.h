// Texts as tokens: characters, which are Unicode code points, by their numbers in an alphabet.
//
//   const auto tokens = data::tokens_of("abba", {"a", "b"}, "the word");    // 0, 1, 1, 0
#pragma once

#include "framework/kernels/error.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gradus::data {

/// The characters of a text in UTF-8, each as its bytes. Throws FileError for what is none; `what`
/// is what it calls the text.
std::vector<std::string> characters_of(std::string_view text, const std::string& what);

/// Says which characters are not in an alphabet, which is in ascending order; empty if all are.
std::string unknown_characters(const std::vector<std::string>& characters,
                               const std::vector<std::string>& alphabet);

/// The numbers of characters in an alphabet, which is in ascending order. Throws FileError that
/// names all that are not in it.
std::vector<std::int64_t> tokens_of(const std::vector<std::string>& characters,
                                    const std::vector<std::string>& alphabet,
                                    const std::string& what);
std::vector<std::int64_t> tokens_of(std::string_view text, const std::vector<std::string>& alphabet,
                                    const std::string& what);

}  // namespace gradus::data
