#include "framework/nn/graph_config.h"
#include "framework/nn/option_info.h"
#include "framework/nn/registered_layers.h"

#include <algorithm>
#include <set>

namespace gradus::nn {
namespace {

constexpr const char* kNodeExample =
    "{\"name\": \"a\", \"type\": \"relu\", \"inputs\": [\"input\"]}";

std::string item(const std::string& path, std::size_t i) {
  return path + "/" + std::to_string(i);
}

void check_name(const std::string& name, const std::string& path) {
  if (!name.empty() && name.find_first_of("./") == std::string::npos) return;
  throw ConfigError(path, "\"" + name + "\" is no name: it is empty, or has a dot or a slash");
}

std::vector<std::string> read_list(const Json& json, const std::string& path, const char* what) {
  const std::string expected = std::string("expected a list of names of ") + what;
  if (!json.is_array() || json.empty()) throw ConfigError(path, expected + ", such as [\"a\"]");
  std::vector<std::string> result;
  for (const Json& each : json) {
    if (!each.is_string()) throw ConfigError(item(path, result.size()), expected);
    result.push_back(each.get<std::string>());
  }
  return result;
}

struct InputOptions {
  GraphInput part;
  void describe(OptionReader& o) {
    std::int64_t dim = part.dim;
    o("dim", dim, "of an example: 0 are columns, or channels of images", {.min = 0, .max = 7});
    part.dim = static_cast<int>(dim);
    o("start", part.start, "the first place of that dim", {.min = 0});
    o("length", part.length, "how many places; 0: all from the first on", {.min = 0});
  }
};

// A graph whose errors name places in the config.
class ConfiguredGraph : public GraphModuleImpl {
 public:
  explicit ConfiguredGraph(std::vector<std::string> paths) : paths_(std::move(paths)) {}

 protected:
  [[nodiscard]] std::string label(std::size_t index) const override {
    return paths_[index] + ", " + GraphModuleImpl::label(index);
  }

 private:
  std::vector<std::string> paths_;
};

constexpr const char* kNamesSchema = R"({"type": "array", "items": {"type": "string"}})";
constexpr const char* kNodesSchema = R"({"type": "array", "items": {
    "type": "object", "required": ["name", "inputs"],
    "properties": {"name": {"type": "string"}, "type": {"type": "string"},
                   "shares": {"type": "string"},
                   "inputs": {"type": "array", "items": {"type": "string"}}}}})";

}  // namespace

void GraphConfig::describe(OptionReader& o) {
  Json inputs = {{"input", Json::object()}};
  Json nodes = Json::array();
  Json outputs = Json::array();
  o("inputs", inputs, "parts of an example by name, each {\"dim\", \"start\", \"length\"}",
    {"object", R"({"type": "object", "additionalProperties": )" +
                   object_schema(describe_options<InputOptions>()).dump() + "}"});
  o.required()("nodes", nodes,
               "layers and joins in the order in which they compute, each {\"name\", \"type\" or "
               "\"shares\", \"inputs\", its options}",
               {"list", kNodesSchema});
  o.required()("outputs", outputs, "names of nodes", {"names", kNamesSchema});
  if (!o.has("nodes")) return;  // it only collects the descriptions
  path_ = o.path();
  read_inputs(inputs);
  read_names(nodes);
  for (std::size_t i = 0; i < nodes_.size(); ++i) read_node(nodes[i], i);
  read_outputs(outputs);
  check_use();
  Json resolved = Json::object();
  for (const auto& [name, part] : inputs_) {
    resolved[name] = {{"dim", part.dim}, {"start", part.start}, {"length", part.length}};
  }
  o.resolve("inputs", resolved);
  o.resolve("nodes", nodes);
}

void GraphConfig::read_inputs(const Json& inputs) {
  const std::string path = path_ + "/inputs";
  if (!inputs.is_object() || inputs.empty()) {
    throw ConfigError(path, "expected an object such as {\"left\": {\"start\": 0, \"length\": 7}}");
  }
  for (const auto& [name, part] : inputs.items()) {
    check_name(name, path + "/" + name);
    inputs_.push_back({name, read_options<InputOptions>(part, path + "/" + name).part});
  }
}

// First of all nodes, so that what is named too early is known.
void GraphConfig::read_names(const Json& nodes) {
  const std::string path = path_ + "/nodes";
  if (!nodes.is_array() || nodes.empty()) {
    throw ConfigError(path, std::string("expected a list of nodes such as ") + kNodeExample);
  }
  std::set<std::string> inputs;
  for (const Input& each : inputs_) inputs.insert(each.name);
  for (const Json& json : nodes) {
    Node node;
    node.path = item(path, nodes_.size());
    if (!json.is_object()) {
      throw ConfigError(node.path, std::string("expected an object such as ") + kNodeExample);
    }
    const auto name = json.find("name");
    if (name == json.end() || !name->is_string()) {
      throw ConfigError(node.path + "/name", "expected the name of the node");
    }
    node.name = name->get<std::string>();
    check_name(node.name, node.path + "/name");
    if (inputs.contains(node.name)) {
      throw ConfigError(node.path + "/name", "\"" + node.name + "\" is the name of an input");
    }
    const std::size_t other = index_of(node.name);
    if (other < nodes_.size()) {
      throw ConfigError(node.path + "/name",
                        "\"" + node.name + "\" is the name of " + nodes_[other].path + " too");
    }
    const auto list = json.find("inputs");
    if (list == json.end()) {
      throw ConfigError(node.path + "/inputs", "missing; the names of what goes in");
    }
    node.inputs = read_list(*list, node.path + "/inputs", "inputs or nodes");
    nodes_.push_back(std::move(node));
  }
}

std::size_t GraphConfig::index_of(const std::string& name) const {
  const auto found = std::find_if(nodes_.begin(), nodes_.end(),
                                  [&](const Node& each) { return each.name == name; });
  return static_cast<std::size_t>(found - nodes_.begin());
}

void GraphConfig::read_node(Json& json, std::size_t index) {
  Node& node = nodes_[index];
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    check_reference(node.inputs[i], item(node.path + "/inputs", i), index);
  }
  if (json.contains("shares")) return read_shared(json, node, index);
  Json options = json;
  options.erase("name");
  options.erase("inputs");
  const Json type = json.value("type", Json());
  const auto known = layers().names();
  const auto joined = joins().names();
  const auto is_one_of = [&](const std::vector<std::string>& names) {
    return std::any_of(names.begin(), names.end(), [&](const auto& each) { return each == type; });
  };
  Json resolved;
  if (is_one_of(joined)) {
    node.join = joins().prepare(options, node.path, &resolved);
    if (node.inputs.size() < 2) {
      throw ConfigError(node.path + "/inputs",
                        type.dump() + " joins two inputs or more, got " + json["inputs"].dump());
    }
  } else if (is_one_of(known)) {
    node.layer = layers().prepare(options, node.path, &resolved);
    if (node.inputs.size() != 1) {
      throw ConfigError(node.path + "/inputs",
                        type.dump() + " takes one input, got " + json["inputs"].dump() +
                            "; a node of type add, multiply or concat joins them");
    }
  } else {
    std::vector<std::string> all = known;
    all.insert(all.end(), joined.begin(), joined.end());
    const std::string name = type.is_string() ? type.get<std::string>() : "";
    throw ConfigError(node.path + "/type",
                      "unknown layer or join " + type.dump() + suggest(name, all));
  }
  Json ordered = {{"name", node.name}};
  ordered.update(resolved);
  ordered["inputs"] = node.inputs;
  json = std::move(ordered);
}

void GraphConfig::read_shared(const Json& json, Node& node, std::size_t index) const {
  for (const auto& [key, value] : json.items()) {
    if (key == "name" || key == "shares" || key == "inputs") continue;
    throw ConfigError(node.path + "/" + key,
                      key == "type" ? "a node has a type or shares another's weights, not both"
                                    : "unknown key; a node that shares weights has no options");
  }
  const std::string path = node.path + "/shares";
  if (!json["shares"].is_string()) throw ConfigError(path, "expected the name of a layer");
  node.shares = json["shares"].get<std::string>();
  std::vector<std::string> before;
  for (std::size_t i = 0; i < index; ++i) {
    if (nodes_[i].layer) before.push_back(nodes_[i].name);
  }
  if (node.inputs.size() != 1) {
    throw ConfigError(node.path + "/inputs", "a layer takes one input");
  }
  if (std::find(before.begin(), before.end(), node.shares) != before.end()) return;
  const std::size_t other = index_of(node.shares);
  std::string reason = "\"" + node.shares + "\" is no layer before it";
  if (other < index && nodes_[other].join) reason = "\"" + node.shares + "\" has no weights";
  if (other < index && !nodes_[other].shares.empty()) {
    throw ConfigError(path, "\"" + node.shares + "\" shares weights itself: name \"" +
                                nodes_[other].shares + "\"");
  }
  throw ConfigError(path, reason + (before.empty() ? "" : suggest(node.shares, before)));
}

// That `name`, which node `index` takes, was there before it.
void GraphConfig::check_reference(const std::string& name, const std::string& path,
                                  std::size_t index) const {
  std::vector<std::string> before;
  for (const Input& each : inputs_) before.push_back(each.name);
  for (std::size_t i = 0; i < index; ++i) before.push_back(nodes_[i].name);
  if (std::find(before.begin(), before.end(), name) != before.end()) return;
  const std::size_t other = index_of(name);
  if (other == nodes_.size()) {
    throw ConfigError(
        path, "there is no input or node \"" + name + "\" before it" + suggest(name, before));
  }
  const std::string cycle = cycle_from(other, index);
  if (!cycle.empty()) throw ConfigError(path, "a cycle: " + cycle);
  throw ConfigError(path, "\"" + name + "\" comes later, as " + nodes_[other].path +
                              "; nodes stand in the order in which they compute");
}

// "a -> b -> a" if node `back_to`, which takes `node`, leads to it; else empty.
std::string GraphConfig::cycle_from(std::size_t node, std::size_t back_to) const {
  std::vector<std::size_t> came_from(nodes_.size(), nodes_.size());
  std::vector<std::size_t> open = {node};
  std::set<std::size_t> seen = {node};
  while (!open.empty()) {
    const std::size_t at = open.back();
    open.pop_back();
    if (at == back_to) break;
    for (const std::string& each : nodes_[at].inputs) {
      const std::size_t next = index_of(each);
      if (next == nodes_.size() || !seen.insert(next).second) continue;
      came_from[next] = at;
      open.push_back(next);
    }
  }
  if (!seen.contains(back_to)) return "";
  std::string text = nodes_[back_to].name;
  for (std::size_t at = back_to; at != node; at = came_from[at]) {
    text += " -> " + nodes_[came_from[at]].name;
  }
  return text + " -> " + nodes_[back_to].name;
}

void GraphConfig::read_outputs(const Json& outputs) {
  const std::string path = path_ + "/outputs";
  std::vector<std::string> names;
  for (const Node& each : nodes_) names.push_back(each.name);
  for (const std::string& name : read_list(outputs, path, "nodes")) {
    const std::string at = item(path, outputs_.size());
    if (index_of(name) == nodes_.size()) {
      throw ConfigError(at, "there is no node \"" + name + "\"" + suggest(name, names));
    }
    if (std::find(outputs_.begin(), outputs_.end(), name) != outputs_.end()) {
      throw ConfigError(at, "\"" + name + "\" stands twice");
    }
    outputs_.push_back(name);
  }
}

void GraphConfig::check_use() const {
  std::set<std::string> used(outputs_.begin(), outputs_.end());
  for (const Node& each : nodes_) used.insert(each.inputs.begin(), each.inputs.end());
  for (const Node& each : nodes_) {
    if (used.contains(each.name)) continue;
    throw ConfigError(
        each.path, "nothing uses \"" + each.name + "\"; name it in \"outputs\", or leave it out");
  }
  for (const Input& each : inputs_) {
    if (used.contains(each.name)) continue;
    throw ConfigError(path_ + "/inputs/" + each.name, "no node uses it; leave it out");
  }
}

std::shared_ptr<GraphModuleImpl> GraphConfig::make(const Shape& example) const {
  std::vector<std::string> paths;
  for (const Node& each : nodes_) paths.push_back(each.path);
  auto graph = std::make_shared<ConfiguredGraph>(std::move(paths));
  for (const auto& [name, part] : inputs_) {
    const bool has_dim = part.dim < example.size();
    const std::int64_t end = part.start + std::max<std::int64_t>(part.length, 1);
    if (!has_dim || end > example[part.dim]) {
      throw ConfigError(path_ + "/inputs/" + name,
                        "is no part of an example, of shape " + to_string(example) + ": dim " +
                            std::to_string(part.dim) + " from " + std::to_string(part.start) +
                            (part.length == 0 ? "" : " to " + std::to_string(end - 1)));
    }
    graph->add_input(name, part);
  }
  std::map<std::string, std::shared_ptr<Module>> made;
  for (const Node& each : nodes_) {
    if (each.join) {
      graph->add_join(each.name, *each.join(), each.inputs);
      continue;
    }
    const auto layer = each.shares.empty() ? each.layer() : made.at(each.shares);
    made[each.name] = layer;
    graph->add(each.name, layer, each.inputs[0]);
  }
  graph->set_outputs(outputs_);
  return graph;
}

}  // namespace gradus::nn
