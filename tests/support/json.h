// JSON in tests, without its parser and writer in each of them: nlohmann's templates take seconds
// of compilation wherever they are used, and more under sanitizers.
#pragma once

#include <nlohmann/json.hpp>
#include "framework/nn/json.h"

#include <filesystem>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace gradus::test {

/// Json::parse. Throws Json::parse_error.
Json parse_json(std::string_view text);

/// The lines of a file of JSON Lines: the events of a run's metrics.jsonl.
std::vector<Json> read_json_lines(const std::filesystem::path& file);

/// json.dump(indent).
std::string dump(const Json& json, int indent = -1);

}  // namespace gradus::test

namespace nlohmann {

/// How GoogleTest shows one.
void PrintTo(const ordered_json& json, std::ostream* out);

}  // namespace nlohmann
