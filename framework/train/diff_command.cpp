// `gradus diff`: compares two checkpoints, or plain state dicts, tensor by tensor.
#include "framework/train/config.h"
#include "framework/train/program.h"
#include "framework/train/safetensors.h"
#include "framework/train/weights_diff.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

namespace gradus {
namespace {

using Kind = TensorDifference::Kind;

constexpr int kDiffer = 1;
constexpr int kTrouble = 2;

std::string text_of(const TensorDifference& found) {
  char numbers[160];
  switch (found.kind) {
    case Kind::None:
      return "same";
    case Kind::OnlyInFirst:
      return "only in the first: " + found.first;
    case Kind::OnlyInSecond:
      return "only in the second: " + found.second;
    case Kind::OtherForm:
      return found.first + " and " + found.second;
    case Kind::OtherValues:
      std::snprintf(numbers, sizeof numbers, "%lld of %lld differ, by up to %.3g; relative %.3g",
                    static_cast<long long>(found.differing), static_cast<long long>(found.elements),
                    found.largest, found.relative);
      return numbers;
  }
  return {};
}

// Whether all tensors are the same; prints those that are not, or all.
bool compare_tensors(const nn::StateDict& first, const nn::StateDict& second, bool all) {
  const std::vector<TensorDifference> found = differences(first, second);
  std::size_t width = 0;
  std::size_t same = 0;
  for (const TensorDifference& each : found) width = std::max(width, each.name.size());
  for (const TensorDifference& each : found) {
    const bool is_same = each.kind == Kind::None;
    if (is_same) ++same;
    if (is_same && !all) continue;
    std::printf("%-*s  %s\n", static_cast<int>(width), each.name.c_str(), text_of(each).c_str());
  }
  std::printf("%zu of %zu tensors are the same\n", same, found.size());
  return same == found.size();
}

Json json_of(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  return json.is_discarded() ? Json(text) : json;
}

// The places at which the metadata differ, "/gradus/loop/step"; those of one file alone too.
std::vector<std::string> metadata_differences(const SafetensorsFile& first,
                                              const SafetensorsFile& second) {
  Json a = Json::object();
  Json b = Json::object();
  for (const auto& [key, value] : first.metadata) a[key] = json_of(value);
  for (const auto& [key, value] : second.metadata) b[key] = json_of(value);
  return differing_keys(a, b);
}

// The tensors in the order of their names; files have them by alignment.
SafetensorsFile read_sorted(const std::string& path) {
  SafetensorsFile file = read_safetensors(path);
  std::sort(file.tensors.begin(), file.tensors.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return file;
}

struct DiffCommand {
  std::string first;
  std::string second;
  bool all = false;

  [[nodiscard]] bool is_same() const {
    const SafetensorsFile a = read_sorted(first);
    const SafetensorsFile b = read_sorted(second);
    const bool same = compare_tensors(a.tensors, b.tensors, all);
    const std::vector<std::string> places = metadata_differences(a, b);
    for (const std::string& place : places) std::printf("metadata differ at %s\n", place.c_str());
    return same && places.empty();
  }

  void run() const {
    bool same = false;
    try {
      same = is_same();
    } catch (const FileError& error) {
      std::cerr << "gradus: " << error.what() << '\n';
      throw CLI::RuntimeError(kTrouble);
    }
    if (!same) throw CLI::RuntimeError(kDiffer);
  }
};

const bool kRegistered = add_command([](CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "diff", "compare two checkpoints by tensor; exit code 0: all is the same, 1: it is not");
  auto made = std::make_shared<DiffCommand>();
  command->add_option("first", made->first, "a checkpoint or state dict")->required();
  command->add_option("second", made->second, "another one")->required();
  command->add_flag("--all", made->all, "print the tensors that are the same, too");
  command->callback([made] { made->run(); });
});

}  // namespace
}  // namespace gradus
