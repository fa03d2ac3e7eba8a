// `gradus inspect`: what a checkpoint, a state dict or an ONNX model holds, tensor by tensor.
#include "framework/onnx/reader.h"
#include "framework/train/checkpoint.h"
#include "framework/train/config.h"
#include "framework/train/file.h"
#include "framework/train/program.h"
#include "framework/train/safetensors.h"
#include "framework/train/tensor_stats.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

namespace gradus {
namespace {

constexpr std::size_t kMostClasses = 10;   // that are named
constexpr std::size_t kMostLetters = 160;  // of a metadata entry

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// A part of a file: its tensors have the prefix, which is left out of their names.
struct Group {
  std::string_view name;
  std::string_view prefix;
  nn::StateDict tensors{};
};

std::vector<Group> grouped(nn::StateDict tensors) {
  std::sort(tensors.begin(), tensors.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  std::vector<Group> groups = {
      {"trained", kTrainedPrefix}, {"optimizer", kOptimizerPrefix}, {"model", ""}};
  for (const nn::NamedTensor& each : tensors) {
    for (Group& group : groups) {
      if (!each.name.starts_with(group.prefix)) continue;
      group.tensors.push_back({each.name.substr(group.prefix.size()), each.tensor});
      break;
    }
  }
  std::rotate(groups.begin(), groups.end() - 1, groups.end());
  std::erase_if(groups, [](const Group& each) { return each.tensors.empty(); });
  return groups;
}

// What stands in a file, ready to be shown.
struct Content {
  std::string path;
  std::vector<Group> groups;
  std::map<std::string, std::string> metadata;  // but for "gradus"
  std::map<std::string, std::string> stored_as;
  Json state{};  // the metadata entry "gradus"; null where there is none
  std::optional<onnx::Content> onnx{};

  [[nodiscard]] bool is_checkpoint() const { return state.is_object() && state.contains("loop"); }
  [[nodiscard]] const char* kind() const {
    return onnx ? "ONNX model" : is_checkpoint() ? "checkpoint" : "state dict";
  }
  // The dtype, and in brackets the one in the file where that is another.
  [[nodiscard]] std::string dtype_of(const Group& group, const nn::NamedTensor& tensor) const {
    const auto stored = stored_as.find(std::string(group.prefix) + tensor.name);
    const std::string here(name_of(tensor.tensor.dtype()));
    return stored == stored_as.end() ? here : here + " (" + stored->second + ")";
  }
};

Content read_onnx(const std::string& path) {
  onnx::Content model = onnx::parse_model(read_file(path), path);
  Content content{.path = path,
                  .groups = {{"initializers", "", std::move(model.weights)}},
                  .metadata = std::move(model.metadata),
                  .stored_as = std::move(model.stored_as)};
  content.onnx = std::move(model);
  return content;
}

Content read(const std::string& path) {
  if (path.ends_with(".onnx")) return read_onnx(path);
  SafetensorsFile file = read_safetensors(path);
  Content content{.path = path,
                  .groups = grouped(std::move(file.tensors)),
                  .metadata = file.metadata,
                  .stored_as = file.stored_as};
  const auto state = content.metadata.find("gradus");
  if (state == content.metadata.end()) return content;
  content.state = Json::parse(state->second, nullptr, false);
  if (content.state.is_discarded()) {
    throw FileError(path + ": broken checkpoint metadata: no valid JSON");
  }
  content.metadata.erase(state);
  return content;
}

// ---- Text --------------------------------------------------------------------------------------

std::string size_text(double bytes) {
  char text[32];
  const char* const units[] = {"B", "kB", "MB", "GB"};
  std::size_t unit = 0;
  for (; bytes >= 1000 && unit < 3; ++unit) bytes /= 1000;
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.3g %s", bytes, units[unit]);
  return text;
}

std::string shortened(const std::string& text) {
  if (text.size() <= kMostLetters) return text;
  return text.substr(0, kMostLetters) + "... (" + std::to_string(text.size()) + " bytes)";
}

// The types of the components and what else tells runs apart.
std::string config_text(const Json& config) {
  std::string text;
  for (const auto& [key, value] : config.items()) {
    const bool is_component = value.is_object() && value.contains("type");
    if (!is_component && !value.is_number() && !value.is_string()) continue;
    text += (text.empty() ? "" : ", ") + key + " " + dump(is_component ? value["type"] : value);
  }
  text.erase(std::remove(text.begin(), text.end(), '"'), text.end());
  return text;
}

void print_classes(const Json& classes) {
  std::string text;
  for (std::size_t i = 0; i < std::min(classes.size(), kMostClasses); ++i) {
    text += (i > 0 ? ", " : "") + dump(classes[i]);
  }
  if (classes.size() > kMostClasses) text += ", ...";
  std::cout << "classes: " << classes.size() << ": " << text << '\n';
}

void print_state(const Json& state) {
  const Json& loop = state["loop"];
  std::cout << "checkpoint of format " << dump(state.value("format", Json())) << "\nloop:";
  std::string separator = " ";
  for (const auto& [key, value] : loop.items()) {
    std::cout << separator << key << ' ' << shortened(dump(value));
    separator = ", ";
  }
  std::cout << '\n';
  if (state.contains("config")) std::cout << "config: " << config_text(state["config"]) << '\n';
  if (state.contains("classes")) print_classes(state["classes"]);
  for (const auto& [key, value] : state.items()) {
    if (key == "format" || key == "loop" || key == "config" || key == "classes") continue;
    std::cout << key << ": " << shortened(dump(value)) << '\n';
  }
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& each : parts) text += (text.empty() ? "" : ", ") + each;
  return text;
}

std::string value_text(const onnx::ValueInfo& value) {
  if (value.dtype.empty()) return value.name + "  no tensor";
  std::vector<std::string> sizes;
  for (const onnx::ValueInfo::Dim& dim : value.dims) {
    const std::string name = dim.name.empty() ? "?" : dim.name;
    sizes.push_back(dim.size ? std::to_string(*dim.size) : name);
  }
  return value.name + "  " + value.dtype + "  [" + joined(sizes) + "]";
}

// The types of nodes, those first of which there are most.
std::string nodes_text(const std::map<std::string, std::int64_t>& nodes) {
  std::vector<std::pair<std::string, std::int64_t>> types(nodes.begin(), nodes.end());
  std::stable_sort(types.begin(), types.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::int64_t count = 0;
  std::vector<std::string> texts;
  for (const auto& [type, number] : types) {
    count += number;
    texts.push_back(std::to_string(number) + " " + type);
  }
  return std::to_string(count) + (texts.empty() ? "" : ": ") + joined(texts);
}

void print_onnx(const onnx::Content& model) {
  std::vector<std::string> opsets;
  for (const auto& [domain, version] : model.opsets) {
    opsets.push_back(std::to_string(version) + (domain.empty() ? "" : " of " + domain));
  }
  std::cout << "ONNX model " << dump(model.graph) << ", IR version " << model.ir_version
            << ", opset " << joined(opsets) << ", by " << dump(model.producer) << '\n';
  if (!model.doc.empty()) std::cout << "doc: " << shortened(model.doc) << '\n';
  for (const onnx::ValueInfo& each : model.inputs)
    std::cout << "input: " << value_text(each) << '\n';
  for (const onnx::ValueInfo& each : model.outputs)
    std::cout << "output: " << value_text(each) << '\n';
  std::cout << "nodes: " << nodes_text(model.nodes) << '\n';
}

std::string stats_text(const TensorStats& stats) {
  char text[160] = "";
  if (stats.finite > 0) {
    std::snprintf(text, sizeof text, "  min %.4g  max %.4g  mean %.4g  std %.4g", stats.min,
                  stats.max, stats.mean, stats.std);
  }
  std::string result = text;
  if (stats.nan > 0) result += "  NaN " + std::to_string(stats.nan);
  if (stats.inf > 0) result += "  Inf " + std::to_string(stats.inf);
  return result;
}

void print_group(const Content& content, const Group& group, bool with_stats) {
  std::size_t name_width = 0;
  std::size_t dtype_width = 0;
  std::size_t shape_width = 0;
  std::int64_t numbers = 0;
  double bytes = 0;
  for (const nn::NamedTensor& each : group.tensors) {
    name_width = std::max(name_width, each.name.size());
    dtype_width = std::max(dtype_width, content.dtype_of(group, each).size());
    shape_width = std::max(shape_width, to_string(each.tensor.sizes()).size());
    numbers += each.tensor.numel();
    bytes += static_cast<double>(each.tensor.nbytes());
  }
  std::printf("%s: %zu tensors, %lld numbers, %s\n", std::string(group.name).c_str(),
              group.tensors.size(), static_cast<long long>(numbers), size_text(bytes).c_str());
  for (const nn::NamedTensor& each : group.tensors) {
    const std::string shape = to_string(each.tensor.sizes());
    const int width = with_stats ? static_cast<int>(shape_width) : 0;
    std::printf("  %-*s  %-*s  %-*s%s\n", static_cast<int>(name_width), each.name.c_str(),
                static_cast<int>(dtype_width), content.dtype_of(group, each).c_str(), width,
                shape.c_str(), with_stats ? stats_text(stats_of(each.tensor)).c_str() : "");
  }
}

void print_text(const Content& content, bool with_stats) {
  if (content.onnx) {
    print_onnx(*content.onnx);
  } else if (content.is_checkpoint()) {
    print_state(content.state);
  } else {
    std::cout << "state dict\n";
    if (!content.state.is_null()) {
      std::cout << "gradus: " << shortened(dump(content.state)) << '\n';
    }
  }
  for (const auto& [key, value] : content.metadata) {
    std::cout << key << ": " << shortened(value) << '\n';
  }
  std::cout << std::flush;
  for (const Group& each : content.groups) print_group(content, each, with_stats);
}

// ---- JSON --------------------------------------------------------------------------------------

Json json_of(const TensorStats& stats) {
  Json json = {{"nan", stats.nan}, {"inf", stats.inf}};
  if (stats.finite > 0) {
    json.update({{"min", stats.min}, {"max", stats.max}, {"mean", stats.mean}, {"std", stats.std}});
  }
  return json;
}

Json json_of(const std::vector<onnx::ValueInfo>& values) {
  Json json = Json::array();
  for (const onnx::ValueInfo& each : values) {
    Json shape = Json::array();
    for (const onnx::ValueInfo::Dim& dim : each.dims) {
      shape.push_back(dim.size ? Json(*dim.size) : dim.name.empty() ? Json() : Json(dim.name));
    }
    json.push_back({{"name", each.name}, {"dtype", each.dtype}, {"shape", shape}});
  }
  return json;
}

Json json_of(const onnx::Content& model) {
  return {{"graph", model.graph},
          {"ir_version", model.ir_version},
          {"opsets", model.opsets},
          {"producer", model.producer},
          {"doc", model.doc},
          {"inputs", json_of(model.inputs)},
          {"outputs", json_of(model.outputs)},
          {"nodes", model.nodes}};
}

void print_json(const Content& content, bool with_stats) {
  Json tensors = Json::array();
  for (const Group& group : content.groups) {
    for (const auto& [name, tensor] : group.tensors) {
      const std::string full_name = std::string(group.prefix) + name;
      Json entry = {
          {"group", group.name},
          {"name", full_name},
          {"dtype", name_of(tensor.dtype())},
          {"shape", std::vector<std::int64_t>(tensor.sizes().begin(), tensor.sizes().end())}};
      const auto stored = content.stored_as.find(full_name);
      if (stored != content.stored_as.end()) entry["stored_as"] = stored->second;
      if (with_stats) entry["stats"] = json_of(stats_of(tensor));
      tensors.push_back(std::move(entry));
    }
  }
  Json result = {
      {"kind", content.kind()}, {"metadata", content.metadata}, {"tensors", std::move(tensors)}};
  if (!content.state.is_null()) result["gradus"] = content.state;
  if (content.onnx) result["onnx"] = json_of(*content.onnx);
  std::cout << dump(result) << '\n';
}

struct InspectCommand {
  std::string file;
  bool stats = false;
  bool json = false;

  void run() const {
    const Content content = read(file);
    json ? print_json(content, stats) : print_text(content, stats);
  }
};

const bool kRegistered = add_command([](CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("inspect", "show what a safetensors or an ONNX file holds");
  auto made = std::make_shared<InspectCommand>();
  command
      ->add_option("file", made->file, "a checkpoint, a state dict, or a model that ends in .onnx")
      ->required();
  command->add_flag("--stats", made->stats, "also least, largest, mean, deviation, NaNs, Infs");
  command->add_flag("--json", made->json, "print one JSON object, with the whole state");
  command->callback([made] { made->run(); });
});

}  // namespace
}  // namespace gradus
