// A table, plain or gzipped, as a data set and as new rows for a model that was trained on it. The
// first bytes choose the options of the data set.
#include <nlohmann/json.hpp>

#include <map>

#include "framework/train/dataset.h"
#include "tests/fuzz/input.h"

namespace {

using gradus::Json;
using gradus::fuzz::Bytes;
using gradus::fuzz::MemoryFile;
using Build = gradus::Registry<gradus::data::DataSource>::Build;

const MemoryFile& file() {
  static const MemoryFile instance({"table.csv", "table.csv.gz"});
  return instance;
}

// Three of them: as it is, gzipped here, and as a gzip file.
std::string name_of(unsigned form) {
  return (file() / (form % 3 == 0 ? "table.csv" : "table.csv.gz")).string();
}

template <std::size_t N>
Json choice(unsigned number, const Json (&values)[N]) {
  return values[number % N];
}

Json options_of(unsigned form, Bytes bytes) {
  const unsigned flags = bytes.next();
  const unsigned kinds = bytes.next();
  const unsigned columns = bytes.next();
  Json options = {{"type", "csv"},
                  {"path", name_of(form)},
                  {"header", (flags & 1U) != 0},
                  {"stratify", (flags & 2U) != 0},
                  {"standardize", (flags & 4U) != 0},
                  {"skip_lines", (flags & 8U) != 0 ? 1 : 0},
                  {"delimiter", choice(flags >> 4U, {",", ";", "\t", " "})},
                  {"task", choice(kinds, {"auto", "classification", "regression", "binary"})},
                  {"missing", choice(kinds >> 2U, {"error", "drop", "mean"})},
                  {"test_ratio", choice(kinds >> 4U, {0.2, 0.5, 0.9, 1e-9})},
                  {"target", choice(columns, {-1, 0, "y", Json::array({0, -1})})}};
  options["categorical"] = choice(columns >> 2U, {Json::array(), Json::array({1}), {"x"}});
  options["ignore"] = choice(columns >> 4U, {Json::array(), Json::array({2}), {"z"}});
  if ((kinds & 64U) != 0) options["missing_values"] = {"", "?", "NA"};
  if ((form & 64U) != 0) options["test_path"] = options["path"];
  if ((form & 128U) != 0) options["target_path"] = options["path"];
  return options;
}

// Reading the options would take most of the time.
const Build& build_of(unsigned form, Bytes bytes) {
  static std::map<std::string, Build> builds;
  const std::string key = static_cast<char>(form) + std::string(bytes.rest().substr(0, 3));
  auto found = builds.find(key);
  if (found == builds.end()) {
    if (builds.size() > 10000) builds.clear();
    const Json options = options_of(form, bytes);
    found = builds.emplace(key, gradus::data::datasets().prepare(options, "/dataset")).first;
  }
  return found->second;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  const unsigned form = bytes.next();
  gradus::fuzz::refusing([&] {
    const Build& build = build_of(form, bytes);
    for (int i = 0; i < 3; ++i) bytes.next();
    file().write(form % 3 == 1 ? gradus::fuzz::gzipped(bytes.rest()) : std::string(bytes.rest()));
    const auto source = build();
    static_cast<void>(source->train->get(0));
    static_cast<void>(source->reader->read(name_of(form)));
  });
  return 0;
}
