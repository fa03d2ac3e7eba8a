#include "framework/onnx/translation.h"

#include <algorithm>

namespace gradus::onnx {

std::map<std::string, Rule>& rules() {
  static std::map<std::string, Rule> all;
  return all;
}

bool add_rules(std::initializer_list<std::pair<const char*, Rule>> more) {
  for (const auto& [op, rule] : more) {
    if (!rules().emplace(op, rule).second) {
      throw StateError(std::string("op ") + op + " has two rules for ONNX");
    }
  }
  return true;
}

const Call* Translation::maker(ValueId value) const {
  for (const Call& each : names_.program->calls) {
    if (each.output == value) return &each;
  }
  return nullptr;
}

std::string Translation::name_of(ValueId id) {
  std::string& name = names_.names[id];
  if (!name.empty()) return name;
  const Value& value = values()[id];
  if (value.kind == Value::Kind::Parameter) {
    name = writer_.parameter(value.name, value.elements);
  } else if (value.kind != Value::Kind::Constant) {
    throw ValueError(call_.place + ": it reads a second result of an op that is not exported");
  } else if (value.number) {
    name = writer_.size(*value.number, value.dtype);
    if (!value.sizes.empty()) name = reshape(name, value.sizes);
  } else {
    name = writer_.constant(value.elements);
    const bool varies = std::any_of(value.sizes.begin(), value.sizes.end(),
                                    [](const Size& s) { return !s.is_fixed(); });
    if (varies) name = node("Expand", {name, writer_.sizes(value.sizes)});
  }
  return name;
}

std::vector<const Call*> Translation::readers() const {
  std::vector<const Call*> result;
  for (const Call& each : names_.program->calls) {
    const bool reads =
        std::find(each.inputs.begin(), each.inputs.end(), call_.output) != each.inputs.end() ||
        std::any_of(each.tensors.begin(), each.tensors.end(),
                    [&](const auto& t) { return t.second == call_.output; });
    if (reads) result.push_back(&each);
  }
  return result;
}

void Translation::set_result(std::string_view name, const std::string& value) {
  const auto found = call_.results.find(name);
  if (found != call_.results.end()) names_.names[found->second] = value;
}

std::int64_t Translation::fixed(const Size& size, const std::string& what) const {
  if (size.is_fixed()) return size.fixed;
  throw ValueError(call_.place + ": " + what + " depends on the number of examples, " +
                   to_string(Sizes{size}) + ", which ONNX's form of the op does not allow");
}

std::int64_t Translation::integer(std::string_view name) const {
  return fixed(size(name), "its \"" + std::string(name) + "\"");
}

std::vector<std::int64_t> Translation::ints(std::string_view name) const {
  std::vector<std::int64_t> result;
  for (const Size& each : get<Sizes>(name)) {
    result.push_back(fixed(each, "its \"" + std::string(name) + "\""));
  }
  return result;
}

std::int64_t Translation::dim(std::string_view name) const {
  return normalize_dim(static_cast<int>(integer(name)), rank(0));
}

std::vector<std::int64_t> Translation::fixed_sizes(std::size_t i, int first) const {
  std::vector<std::int64_t> result;
  for (int d = first; d < rank(i); ++d) {
    result.push_back(fixed(sizes(i)[static_cast<std::size_t>(d)], "size " + std::to_string(d)));
  }
  return result;
}

void Translation::refuse(const std::string& reason) const {
  throw ValueError(call_.place + " cannot be exported to ONNX: " + reason);
}

std::string Translation::reshape(const std::string& value, const Sizes& sizes) {
  const auto varying =
      std::count_if(sizes.begin(), sizes.end(), [](const Size& s) { return !s.is_fixed(); });
  if (varying > 1) return node("Reshape", {value, writer_.sizes(sizes)});
  std::vector<std::int64_t> numbers;
  for (const Size& each : sizes) {
    if (each == Size{0, 0}) {  // no elements, among which -1 could be any number
      return node("Reshape", {value, writer_.sizes(sizes)}, {{"allowzero", 1}});
    }
    numbers.push_back(each.is_fixed() ? each.fixed : -1);
  }
  return node("Reshape", {value, writer_.ints(numbers)});
}

std::string Translation::transpose(const std::string& value,
                                   const std::vector<std::int64_t>& order) {
  return node("Transpose", {value}, {{"perm", order}});
}

std::string Translation::slice(const std::string& value, std::int64_t dim, std::int64_t begin,
                               std::int64_t end) {
  return node("Slice", {value, writer_.ints({begin}), writer_.ints({end}), writer_.ints({dim})});
}

}  // namespace gradus::onnx
