#include "framework/nn/state_dict.h"
#include "framework/nn/options.h"

#include <algorithm>
#include <map>
#include <set>

namespace gradus::nn {
namespace {

constexpr std::size_t kMostFaults = 10;  // of a kind that are listed

bool fits(const Tensor& here, const Tensor& there) {
  const bool same_kind =
      here.dtype() == there.dtype() || (here.is_floating_point() && there.is_floating_point());
  return same_kind && here.sizes() == there.sizes();
}

std::string form_of(const Tensor& tensor, bool with_dtype) {
  const std::string sizes = to_string(tensor.sizes());
  return with_dtype ? std::string(name_of(tensor.dtype())) + " " + sizes : sizes;
}

// The lines of one kind of fault.
template <class List, class Line>
std::string lines(const char* kind, const List& list, Line line) {
  std::string result;
  for (std::size_t i = 0; i < std::min(list.size(), kMostFaults); ++i) {
    result += std::string("\n  ") + kind + ": " + line(list[i]);
  }
  if (list.size() > kMostFaults) {
    result += "\n  and " + std::to_string(list.size() - kMostFaults) + " more " + kind;
  }
  return result;
}

// " (did you mean ...?)" for the value of that shape with the nearest name.
std::string nearest(const NamedTensor& missing, const StateDict& unexpected) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : unexpected) {
    if (tensor.sizes() == missing.tensor.sizes()) names.push_back(name);
  }
  const std::string found = nearest_of(missing.name, names);
  return found.empty() ? "" : " (did you mean \"" + found + "\"?)";
}

// What stands before the names of `longer` and makes them those of `shorter`; empty for nothing.
std::string prefix_of(const StateDict& longer, const StateDict& shorter) {
  if (longer.empty()) return {};
  std::set<std::string> names;
  for (const NamedTensor& each : shorter) names.insert(each.name);
  const std::string& first = longer.front().name;
  for (std::size_t dot = first.find('.'); dot != std::string::npos;
       dot = first.find('.', dot + 1)) {
    const std::string prefix = first.substr(0, dot + 1);
    const bool all = std::all_of(longer.begin(), longer.end(), [&](const NamedTensor& each) {
      return each.name.starts_with(prefix) && names.contains(each.name.substr(prefix.size()));
    });
    if (all) return prefix;
  }
  return {};
}

std::string prefix_hint(const StateDictMatch& match) {
  const std::string there = prefix_of(match.unexpected, match.missing);
  if (!there.empty()) {
    const bool parallel = there == "module.";
    return "\n  the unexpected names are missing ones behind \"" + there + "\"" +
           (parallel ? ", which DataParallel puts there" : "") + ": take it away";
  }
  const std::string here = prefix_of(match.missing, match.unexpected);
  if (here.empty()) return {};
  return "\n  the missing names are unexpected ones behind \"" + here + "\": put it there";
}

}  // namespace

StateDictMatch match_state_dict(const StateDict& module, const StateDict& values) {
  std::map<std::string, Tensor> given;
  for (const NamedTensor& each : values) given[each.name] = each.tensor;
  StateDictMatch match;
  std::set<const TensorImpl*> found;
  for (const NamedTensor& own : module) {
    const auto value = given.find(own.name);
    if (value == given.end()) {
      match.missing.push_back(own);
      continue;
    }
    const bool fit = fits(own.tensor, value->second);
    (fit ? match.fitting : match.misfits).push_back({own.name, own.tensor, value->second});
    found.insert(own.tensor.impl().get());
    given.erase(value);
  }
  std::erase_if(match.missing,
                [&](const NamedTensor& each) { return found.contains(each.tensor.impl().get()); });
  for (const NamedTensor& each : values) {
    if (given.erase(each.name) > 0) match.unexpected.push_back(each);
  }
  return match;
}

std::string describe_faults(const StateDictMatch& match) {
  const std::string hint = prefix_hint(match);
  const auto missing = [&](const NamedTensor& each) {
    return each.name + " " + to_string(each.tensor.sizes()) +
           (hint.empty() ? nearest(each, match.unexpected) : "");
  };
  const auto unexpected = [](const NamedTensor& each) {
    return each.name + " " + to_string(each.tensor.sizes());
  };
  const auto misfit = [](const StateDictMatch::Pair& each) {
    const bool other_dtype = each.here.sizes() == each.there.sizes();
    return each.name + " is " + form_of(each.here, other_dtype) + " here and " +
           form_of(each.there, other_dtype) + " there";
  };
  return lines("missing", match.missing, missing) +
         lines("unexpected", match.unexpected, unexpected) +
         lines("misfit", match.misfits, misfit) + hint;
}

}  // namespace gradus::nn
