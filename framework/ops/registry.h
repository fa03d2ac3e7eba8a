// The registry of ops: what each is called, what it does, and inputs to try it on. Ops add
// themselves; the tests, the documentation and `gradus list ops` walk it.
#pragma once

#include "framework/tensor/tensor.h"

#include <array>
#include <functional>
#include <map>
#include <span>
#include <string_view>
#include <vector>

namespace gradus::ops {

using Inputs = std::span<const Tensor>;

inline constexpr unsigned kSaveInput0 = 1;
inline constexpr unsigned kSaveInput1 = 2;
inline constexpr unsigned kSaveInput2 = 4;
inline constexpr unsigned kSaveInputs = 7;
inline constexpr unsigned kSaveOutput = 8;
inline constexpr std::size_t kMostSaved = 3;  // inputs
inline constexpr int kAnyNumber = -1;

/// What mixed precision (autocast.h) makes of an op's float32 and bfloat16 inputs.
enum class AutocastRule : std::uint8_t {
  None,   ///< nothing
  All,    ///< all become bfloat16
  First,  ///< the first becomes bfloat16, the others, weights of float32, stay: it takes both
  Full,   ///< all become float32
  /// A first one of bfloat16 stays so beside a weight and a bias of float32; a fourth follows it.
  Norm,
};

struct OpInfo {
  std::string_view name;
  std::string_view doc;   ///< one sentence; ties, kinks and edge cases included
  int inputs = 1;         ///< how many tensors, or kAnyNumber
  bool promotes = true;   ///< whether inputs of different dtypes are brought to one
  bool floating = false;  ///< whether integers are taken as float32
  bool differentiable = true;
  bool keeps = false;  ///< whether members of the op hold tensors for the gradient
  AutocastRule autocast = AutocastRule::None;
  unsigned saves = 0;                   ///< the values that any gradient needs
  std::array<unsigned, 3> saves_for{};  ///< the values that the gradient of each input needs
};

/// A call that works. Inputs are float64 where they are floating; tests also run it in other dtypes
/// and on strided inputs.
struct Sample {
  std::vector<Tensor> inputs;
  std::function<Tensor(Inputs)> call;
};

/// A call that must be refused, with a part of the message.
struct Refusal {
  std::vector<Tensor> inputs;
  std::function<Tensor(Inputs)> call;
  std::string_view message;
};

struct Samples {
  std::vector<Sample> good;
  std::vector<Refusal> bad = {};
};

struct OpEntry {
  OpInfo info;
  Samples (*samples)();
};

/// Thread rules: filled before main(); only read afterwards.
class OpRegistry {
 public:
  static OpRegistry& instance();
  void add(const OpEntry& entry) { entries_.emplace(entry.info.name, entry); }
  [[nodiscard]] const std::map<std::string_view, OpEntry>& entries() const { return entries_; }

 private:
  std::map<std::string_view, OpEntry> entries_;
};

/// Reproducible float64 sample values, uniform in [low, high); every call gives other ones.
Tensor sample(const Shape& sizes, double low = -1, double high = 1);

}  // namespace gradus::ops
