#include "framework/train/parameter_groups.h"
#include "framework/nn/option_info.h"

#include <fnmatch.h>

#include <algorithm>
#include <numeric>

namespace gradus::optim {
namespace {

bool matches(const std::string& pattern, const std::string& name) {
  return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
}

// How many letters have to change for the pattern to match: an edit distance in which * swallows
// any letters.
std::size_t distance(const std::string& pattern, const std::string& name) {
  std::vector<std::size_t> row(name.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (const char c : pattern) {
    const bool any = c == '*';
    std::size_t diagonal = row[0];
    if (!any) ++row[0];
    for (std::size_t j = 1; j <= name.size(); ++j) {
      const std::size_t replaced = diagonal + (c == name[j - 1] || c == '?' ? 0 : 1);
      diagonal = row[j];
      row[j] =
          any ? std::min(row[j], row[j - 1]) : std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

// " (the most similar: "1.bias", "3.bias")"
std::string similar_to(const std::string& pattern, const nn::StateDict& parameters) {
  constexpr std::size_t kMost = 3;
  std::vector<std::pair<std::size_t, std::string>> found;
  for (const auto& [name, tensor] : parameters) found.emplace_back(distance(pattern, name), name);
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  found.resize(std::min(found.size(), kMost));
  std::string list;
  for (const auto& [letters, name] : found) list += (list.empty() ? "\"" : ", \"") + name + "\"";
  return list.empty() ? "" : " (the most similar: " + list + ")";
}

// Why no parameter is left for patterns[group].
std::string reason_for_none(const nn::StateDict& parameters,
                            const std::vector<std::string>& patterns, std::size_t group) {
  const std::string& pattern = patterns[group];
  for (const nn::NamedTensor& each : parameters) {
    if (!matches(pattern, each.name)) continue;
    const auto taken =
        std::find_if(patterns.begin(), patterns.end(),
                     [&](const std::string& earlier) { return matches(earlier, each.name); });
    return "all that \"" + pattern + "\" matches belongs to groups before it, such as \"" +
           each.name + "\" to that of \"" + *taken + "\"; put it before them";
  }
  return "\"" + pattern + "\" matches no parameter" + similar_to(pattern, parameters);
}

nn::StateDict those(const nn::StateDict& parameters, bool few_dims) {
  nn::StateDict result;
  for (const nn::NamedTensor& each : parameters) {
    if ((each.tensor.dim() <= 1) == few_dims) result.push_back(each);
  }
  return result;
}

// Of "groups", where the optimizer has these options.
Json schema_of_groups(const std::vector<OptionInfo>& options) {
  Json properties = {{"match", {{"type", "string"}, {"description", "a pattern of names"}}}};
  for (const OptionInfo& each : options) {
    properties[each.name] = each.schema;
    properties[each.name]["description"] = each.doc;
  }
  const Json item = {{"type", "object"},
                     {"properties", properties},
                     {"required", {"match"}},
                     {"additionalProperties", false}};
  return {{"type", "array"}, {"items", item}};
}

}  // namespace

std::vector<nn::StateDict> split_by_name(const nn::StateDict& parameters,
                                         const std::vector<std::string>& patterns) {
  std::vector<nn::StateDict> lists(patterns.size() + 1);
  for (const nn::NamedTensor& each : parameters) {
    std::size_t group = 0;
    while (group < patterns.size() && !matches(patterns[group], each.name)) ++group;
    lists[group].push_back(each);
  }
  for (std::size_t group = 0; group < patterns.size(); ++group) {
    if (lists[group].empty()) {
      throw GroupError(group, reason_for_none(parameters, patterns, group));
    }
  }
  return lists;
}

nn::StateDict norms_and_biases(const nn::StateDict& parameters) {
  return those(parameters, true);
}

nn::StateDict without_norms_and_biases(const nn::StateDict& parameters) {
  return those(parameters, false);
}

std::vector<GroupConfig> describe_groups(OptionReader& o) {
  const char* const expected =
      "expected a list of objects such as {\"match\": \"*.bias\", \"lr\": 0.01}";
  const Json own = o.resolved();
  Json groups = Json::array();
  o("groups", groups,
    "parameters with options of their own, each {\"match\": a pattern of names, its options}; "
    "the first that matches counts",
    {"list", schema_of_groups(o.described()).dump()});
  const std::string path = o.path() + "/groups";
  if (!groups.is_array()) throw ConfigError(path, expected);
  std::vector<GroupConfig> result;
  for (const Json& group : groups) {
    const std::string at = path + "/" + std::to_string(result.size());
    if (!group.is_object()) throw ConfigError(at, expected);
    const auto match = group.find("match");
    if (match == group.end() || !match->is_string()) {
      throw ConfigError(at + "/match", "expected a pattern of parameter names, such as \"*.bias\"");
    }
    Json options = own;
    options.update(group);
    options.erase("match");
    result.push_back({match->get<std::string>(), std::move(options)});
  }
  return result;
}

}  // namespace gradus::optim
