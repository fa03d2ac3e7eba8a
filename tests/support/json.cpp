#include "tests/support/json.h"

#include <sstream>

#include "tests/support/temp_dir.h"

namespace gradus::test {

Json parse_json(std::string_view text) {
  return Json::parse(text);
}

std::vector<Json> read_json_lines(const std::filesystem::path& file) {
  std::vector<Json> result;
  std::istringstream lines(read_text(file));
  for (std::string line; std::getline(lines, line);) result.push_back(Json::parse(line));
  return result;
}

std::string dump(const Json& json, int indent) {
  return json.dump(indent);
}

}  // namespace gradus::test

namespace nlohmann {

void PrintTo(const ordered_json& json, std::ostream* out) {
  *out << json.dump();
}

}  // namespace nlohmann
