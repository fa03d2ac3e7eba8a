#include "framework/nn/options.h"
#include "framework/nn/option_info.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace gradus {
namespace {

std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

std::string number_text(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%g", value);
  return buffer;
}

std::string number_text(std::int64_t value) {
  return std::to_string(value);
}

// "a string", "null", ... as messages call it, with the value where it is short.
std::string describe_value(const Json& value) {
  if (value.is_null()) return "null";
  const std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  return std::string(value.type_name()) + (text.size() <= 40 ? " " + text : "");
}

}  // namespace

std::string nearest_of(const std::string& word, const std::vector<std::string>& candidates) {
  const std::string* best = nullptr;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 2) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best = &candidate;
      best_distance = distance;
    }
  }
  return best == nullptr ? "" : *best;
}

std::string suggest(const std::string& word, const std::vector<std::string>& candidates) {
  const std::string best = nearest_of(word, candidates);
  if (!best.empty()) return " (did you mean \"" + best + "\"?)";
  std::string all;
  for (const std::string& candidate : candidates) all += (all.empty() ? "" : ", ") + candidate;
  return all.empty() ? "" : " (valid: " + all + ")";
}

bool Range::contains(double value) const {
  return value >= min && value <= max && (!above || value > *above) && (!below || value < *below);
}

std::string Range::text() const {
  std::string text;
  const auto add = [&](const char* relation, double limit) {
    text += (text.empty() ? "" : " and ") + std::string(relation) + " " + number_text(limit);
  };
  if (std::isfinite(min)) add(">=", min);
  if (above) add(">", *above);
  if (std::isfinite(max)) add("<=", max);
  if (below) add("<", *below);
  return text;
}

namespace {

std::string wrong_type(const char* expected, const Json& got) {
  return std::string("expected ") + expected + ", got " + describe_value(got);
}

// A number of the JSON as T, if it is one.
template <class T>
std::optional<T> as_number(const Json& json) {
  if (std::is_integral_v<T> ? json.is_number_integer() : json.is_number()) return json.get<T>();
  return {};
}

std::string out_of_range(const std::string& value, const Range& range) {
  return value + " is out of range: must be " + range.text();
}

// A bound of T as JSON, without a fraction where T has none.
template <class T>
Json limit(double value) {
  return std::is_integral_v<T> ? Json(static_cast<std::int64_t>(value)) : Json(value);
}

template <class T>
Json number_schema(const Range& range) {
  Json schema = {{"type", std::is_integral_v<T> ? "integer" : "number"}};
  if (std::isfinite(range.min)) schema["minimum"] = limit<T>(range.min);
  if (std::isfinite(range.max)) schema["maximum"] = limit<T>(range.max);
  if (range.above) schema["exclusiveMinimum"] = limit<T>(*range.above);
  if (range.below) schema["exclusiveMaximum"] = limit<T>(*range.below);
  return schema;
}

Json list_schema(const Json& items) {
  return {{"type", "array"}, {"items", items}};
}

Json pair_schema(const Json& items) {
  Json schema = list_schema(items);
  schema["minItems"] = 2;
  schema["maxItems"] = 2;
  return schema;
}

}  // namespace

JsonKind JsonKind::component(const std::string& kind) {
  return {kind, Json{{"allOf", {{{"$ref", "#/definitions/" + kind}}}}}.dump()};
}

JsonKind JsonKind::components(const std::string& kind) {
  return {"list", list_schema({{"$ref", "#/definitions/" + kind}}).dump()};
}

struct OptionReader::State {
  const Json* object = nullptr;
  std::string path{};
  std::vector<OptionInfo> described{};
  Json resolved = Json::object();
  bool required = false;
};

OptionReader::OptionReader() : state_(std::make_unique<State>()) {}

OptionReader::OptionReader(const Json& object, std::string path)
    : state_(std::make_unique<State>(State{&object, std::move(path)})) {
  if (!object.is_object()) {
    throw ConfigError(state_->path, "expected an object, got " + describe_value(object));
  }
}

OptionReader::~OptionReader() = default;

OptionReader& OptionReader::required() {
  state_->required = true;
  return *this;
}

void OptionReader::resolve(const char* name, const Json& value) {
  state_->resolved[name] = value;
}

const std::vector<OptionInfo>& OptionReader::described() const {
  return state_->described;
}

const Json& OptionReader::resolved() const {
  return state_->resolved;
}

void OptionReader::copy_resolved(Json* into) const {
  if (into != nullptr) *into = state_->resolved;
}

const std::string& OptionReader::path() const {
  return state_->path;
}

bool OptionReader::has(const char* name) const {
  return state_->object != nullptr && state_->object->contains(name);
}

void OptionReader::refuse(const std::string& name, const std::string& reason) const {
  throw ConfigError(state_->path + "/" + name, reason);
}

template <class T, class Convert>
void OptionReader::option(OptionInfo info, T& value, Convert convert) {
  info.is_required = std::exchange(state_->required, false);
  if (!info.is_required) info.default_value = value;
  if (state_->object != nullptr) {
    const auto found = state_->object->find(info.name);
    if (found != state_->object->end()) {
      convert(*found);
    } else if (info.is_required) {
      refuse(info.name, "missing; " + info.doc + " (" + info.type + ")");
    }
  }
  state_->resolved[info.name] = value;
  state_->described.push_back(std::move(info));
}

void OptionReader::operator()(const char* name, double& value, const char* doc, Range range) {
  const OptionInfo info = {name, "number", doc, range.text(), {}, number_schema<double>(range)};
  option(info, value, [&](const Json& json) {
    if (!json.is_number()) refuse(name, wrong_type("a number", json));
    value = json.get<double>();
    if (!range.contains(value)) refuse(name, out_of_range(number_text(value), range));
  });
}

void OptionReader::operator()(const char* name, std::int64_t& value, const char* doc, Range range) {
  using T = std::int64_t;
  const OptionInfo info = {name, "integer", doc, range.text(), {}, number_schema<T>(range)};
  option(info, value, [&](const Json& json) {
    const auto number = as_number<T>(json);
    const bool too_large = json.is_number_unsigned() && json.get<std::uint64_t>() > INT64_MAX;
    if (!number || too_large) refuse(name, wrong_type("an integer", json));
    value = *number;
    if (!range.contains(static_cast<double>(value))) {
      refuse(name, out_of_range(std::to_string(value), range));
    }
  });
}

void OptionReader::operator()(const char* name, bool& value, const char* doc) {
  option({name, "boolean", doc, "", {}, {{"type", "boolean"}}}, value, [&](const Json& json) {
    if (!json.is_boolean()) refuse(name, wrong_type("true or false", json));
    value = json.get<bool>();
  });
}

void OptionReader::operator()(const char* name, std::string& value, const char* doc,
                              const std::vector<std::string>& choices) {
  std::string range;
  for (const std::string& choice : choices) range += (range.empty() ? "" : " | ") + choice;
  Json schema = {{"type", "string"}};
  if (!choices.empty()) schema["enum"] = choices;
  option({name, "string", doc, range, {}, schema}, value, [&](const Json& json) {
    if (!json.is_string()) refuse(name, wrong_type("a string", json));
    value = json.get<std::string>();
    if (!choices.empty() && std::find(choices.begin(), choices.end(), value) == choices.end()) {
      refuse(name, "unknown value \"" + value + "\"" + suggest(value, choices));
    }
  });
}

void OptionReader::operator()(const char* name, std::vector<std::string>& value, const char* doc) {
  const Json schema = list_schema({{"type", "string"}});
  option({name, "strings", doc, "", {}, schema}, value, [&](const Json& json) {
    const bool texts = json.is_array() && std::all_of(json.begin(), json.end(),
                                                      [](const Json& e) { return e.is_string(); });
    if (!texts) refuse(name, wrong_type("a list of strings", json));
    value = json.get<std::vector<std::string>>();
  });
}

template <class T>
void OptionReader::numbers(const char* name, std::vector<T>& value, const char* doc,
                           const Range& range) {
  constexpr bool kWhole = std::is_integral_v<T>;
  const auto convert = [&](const Json& json) {
    if (!json.is_array()) {
      refuse(name, wrong_type(kWhole ? "a list of integers" : "a list of numbers", json));
    }
    value.clear();
    for (const Json& item : json) {
      const auto number = as_number<T>(item);
      const std::string at = std::string(name) + "/" + std::to_string(value.size());
      if (!number) refuse(at, wrong_type(kWhole ? "an integer" : "a number", item));
      if (!range.contains(static_cast<double>(*number))) {
        refuse(at, out_of_range(number_text(*number), range));
      }
      value.push_back(*number);
    }
  };
  const Json schema = list_schema(number_schema<T>(range));
  option({name, kWhole ? "integers" : "numbers", doc, range.text(), {}, schema}, value, convert);
}

void OptionReader::operator()(const char* name, std::vector<std::int64_t>& value, const char* doc,
                              Range range) {
  numbers(name, value, doc, range);
}

void OptionReader::operator()(const char* name, std::vector<double>& value, const char* doc,
                              Range range) {
  numbers(name, value, doc, range);
}

void OptionReader::operator()(const char* name, kernels::Pair& value, const char* doc,
                              Range range) {
  const Json one = number_schema<std::int64_t>(range);
  const Json schema = {{"anyOf", {one, pair_schema(one)}}};
  option({name, "pair", doc, range.text(), {}, schema}, value, [&](const Json& json) {
    std::vector<std::int64_t> values;
    if (const auto both = as_number<std::int64_t>(json)) {
      values = {*both, *both};
    } else if (json.is_array()) {
      for (const Json& item : json) {
        const auto number = as_number<std::int64_t>(item);
        if (number) values.push_back(*number);
      }
    }
    if (values.size() != 2 || (json.is_array() && json.size() != 2)) {
      refuse(name, wrong_type("an integer or two of them", json));
    }
    value = {values[0], values[1]};
    for (const std::int64_t each : value) {
      if (!range.contains(static_cast<double>(each))) {
        refuse(name, out_of_range(std::to_string(each), range));
      }
    }
  });
}

void OptionReader::operator()(const char* name, std::array<double, 2>& value, const char* doc,
                              Range range) {
  const Json schema = pair_schema(number_schema<double>(range));
  option({name, "two numbers", doc, range.text(), {}, schema}, value, [&](const Json& json) {
    if (!json.is_array() || json.size() != 2 || !json[0].is_number() || !json[1].is_number()) {
      refuse(name, wrong_type("a list of two numbers", json));
    }
    value = {json[0].get<double>(), json[1].get<double>()};
    for (const double each : value) {
      if (!range.contains(each)) refuse(name, out_of_range(number_text(each), range));
    }
  });
}

void OptionReader::operator()(const char* name, Json& value, const char* doc,
                              const JsonKind& kind) {
  const Json schema = Json::parse(kind.schema);
  option({name, kind.name, doc, "", {}, schema}, value, [&](const Json& json) { value = json; });
}

void OptionReader::finish(const std::vector<std::string>& known) const {
  std::vector<std::string> names = known;
  for (const OptionInfo& info : state_->described) names.push_back(info.name);
  for (const auto& [key, value] : state_->object->items()) {
    if (std::find(names.begin(), names.end(), key) == names.end()) {
      refuse(key, "unknown key" + suggest(key, names));
    }
  }
}

}  // namespace gradus
