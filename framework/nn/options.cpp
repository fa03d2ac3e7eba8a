#include "framework/nn/options.h"

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

std::string suggest(const std::string& word, const std::vector<std::string>& candidates) {
  const std::string* best = nullptr;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 2) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best = &candidate;
      best_distance = distance;
    }
  }
  if (best != nullptr) return " (did you mean \"" + *best + "\"?)";
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

OptionReader::OptionReader(const Json& object, std::string path)
    : object_(&object), path_(std::move(path)) {
  if (!object.is_object()) {
    throw ConfigError(path_, "expected an object, got " + describe_value(object));
  }
}

void OptionReader::refuse(const std::string& name, const std::string& reason) const {
  throw ConfigError(path_ + "/" + name, reason);
}

template <class T, class Convert>
void OptionReader::option(const char* name, T& value, const char* doc, const char* type,
                          const std::string& range, Convert convert) {
  const bool must = std::exchange(required_, false);
  described_.push_back({name, type, doc, range, must ? Json() : Json(value)});
  if (object_ != nullptr) {
    const auto found = object_->find(name);
    if (found != object_->end()) {
      convert(*found);
    } else if (must) {
      refuse(name, "missing; " + std::string(doc) + " (" + type + ")");
    }
  }
  resolved_[name] = value;
}

namespace {

std::string wrong_type(const char* expected, const Json& got) {
  return std::string("expected ") + expected + ", got " + describe_value(got);
}

// A number of the JSON as T, or the reason why it is none.
template <class T>
std::optional<T> as_number(const Json& json) {
  if (std::is_integral_v<T> ? json.is_number_integer() : json.is_number()) return json.get<T>();
  return {};
}

}  // namespace

void OptionReader::operator()(const char* name, double& value, const char* doc, Range range) {
  option(name, value, doc, "number", range.text(), [&](const Json& json) {
    if (!json.is_number()) refuse(name, wrong_type("a number", json));
    value = json.get<double>();
    if (!range.contains(value)) {
      refuse(name, number_text(value) + " is out of range: must be " + range.text());
    }
  });
}

void OptionReader::operator()(const char* name, std::int64_t& value, const char* doc, Range range) {
  option(name, value, doc, "integer", range.text(), [&](const Json& json) {
    const auto number = as_number<std::int64_t>(json);
    const bool too_large = json.is_number_unsigned() && json.get<std::uint64_t>() > INT64_MAX;
    if (!number || too_large) refuse(name, wrong_type("an integer", json));
    value = *number;
    if (!range.contains(static_cast<double>(value))) {
      refuse(name, std::to_string(value) + " is out of range: must be " + range.text());
    }
  });
}

void OptionReader::operator()(const char* name, bool& value, const char* doc) {
  option(name, value, doc, "boolean", "", [&](const Json& json) {
    if (!json.is_boolean()) refuse(name, wrong_type("true or false", json));
    value = json.get<bool>();
  });
}

void OptionReader::operator()(const char* name, std::string& value, const char* doc,
                              const std::vector<std::string>& choices) {
  std::string range;
  for (const std::string& choice : choices) range += (range.empty() ? "" : " | ") + choice;
  option(name, value, doc, "string", range, [&](const Json& json) {
    if (!json.is_string()) refuse(name, wrong_type("a string", json));
    value = json.get<std::string>();
    if (!choices.empty() && std::find(choices.begin(), choices.end(), value) == choices.end()) {
      refuse(name, "unknown value \"" + value + "\"" + suggest(value, choices));
    }
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
        refuse(at, number_text(*number) + " is out of range: must be " + range.text());
      }
      value.push_back(*number);
    }
  };
  option(name, value, doc, kWhole ? "integers" : "numbers", range.text(), convert);
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
  option(name, value, doc, "pair", range.text(), [&](const Json& json) {
    std::vector<std::int64_t> values;
    if (const auto one = as_number<std::int64_t>(json)) {
      values = {*one, *one};
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
        refuse(name, std::to_string(each) + " is out of range: must be " + range.text());
      }
    }
  });
}

void OptionReader::operator()(const char* name, std::array<double, 2>& value, const char* doc,
                              Range range) {
  option(name, value, doc, "two numbers", range.text(), [&](const Json& json) {
    if (!json.is_array() || json.size() != 2 || !json[0].is_number() || !json[1].is_number()) {
      refuse(name, wrong_type("a list of two numbers", json));
    }
    value = {json[0].get<double>(), json[1].get<double>()};
    for (const double each : value) {
      if (!range.contains(each)) {
        refuse(name, number_text(each) + " is out of range: must be " + range.text());
      }
    }
  });
}

void OptionReader::operator()(const char* name, Json& value, const char* doc, const char* type) {
  option(name, value, doc, type, "", [&](const Json& json) { value = json; });
}

void OptionReader::finish(const std::vector<std::string>& known) const {
  std::vector<std::string> names = known;
  for (const OptionInfo& info : described_) names.push_back(info.name);
  for (const auto& [key, value] : object_->items()) {
    if (std::find(names.begin(), names.end(), key) == names.end()) {
      refuse(key, "unknown key" + suggest(key, names));
    }
  }
}

}  // namespace gradus
