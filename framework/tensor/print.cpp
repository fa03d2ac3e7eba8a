// Printing as PyTorch prints: one format for all elements, "..." in the middle of what is large.
#include "framework/tensor/tensor.h"

#include <cmath>
#include <cstdio>
#include <sstream>

namespace gradus {
namespace {

constexpr std::int64_t kSummaryNumel = 1000;
constexpr std::int64_t kEdge = 3;
constexpr int kLineWidth = 80;
constexpr int kIndent = 7;  // of what follows "tensor("

using Number = long double;  // holds every double and every int64 exactly

// How the elements of one tensor are written: as wide as the widest finite number but zero.
class Format {
 public:
  Format(const std::vector<Number>& values, DType dtype) : dtype_(dtype) {
    if (is_floating(dtype)) kind_ = choose(values);
    for (const Number value : values) {
      if (is_floating(dtype) && (value == 0 || !std::isfinite(value))) continue;
      width_ = std::max(width_, static_cast<int>(bare(value).size()));
    }
  }

  [[nodiscard]] int width() const { return width_; }
  [[nodiscard]] std::string text(Number value) const {
    std::string result = bare(value);
    const int missing = width_ - static_cast<int>(result.size());
    result.insert(0, static_cast<std::size_t>(std::max(missing, 0)), ' ');
    return result;
  }

 private:
  enum class Kind { Whole, Fixed, Scientific };

  [[nodiscard]] std::string bare(Number value) const {
    if (dtype_ == kBool) return value != 0 ? "True" : "False";
    if (!is_floating(dtype_)) return std::to_string(static_cast<std::int64_t>(value));
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
    const char* formats[] = {"%.0f.", "%.4f", "%.4e"};
    char buffer[400];  // the largest double has 309 digits
    std::snprintf(buffer, sizeof buffer, formats[static_cast<int>(kind_)],
                  static_cast<double>(value));
    return buffer;
  }

  static Kind choose(const std::vector<Number>& values) {
    double largest = 0;
    double smallest = INFINITY;
    bool whole = true;
    for (const Number number : values) {
      const auto value = static_cast<double>(number);
      if (value == 0 || !std::isfinite(value)) continue;
      whole = whole && value == std::floor(value);
      largest = std::max(largest, std::fabs(value));
      smallest = std::min(smallest, std::fabs(value));
    }
    const bool wide = largest > 1e8 || largest / smallest > 1e3;
    if (wide || (!whole && smallest < 1e-4)) return Kind::Scientific;
    return whole ? Kind::Whole : Kind::Fixed;
  }

  DType dtype_;
  Kind kind_ = Kind::Whole;
  int width_ = 1;
};

class Printer {
 public:
  explicit Printer(const Tensor& tensor)
      : view_(tensor.raw()),
        summary_(tensor.numel() > kSummaryNumel),
        format_(shown(), tensor.dtype()) {}

  [[nodiscard]] std::string text() const { return level(0, 0, kIndent); }

 private:
  [[nodiscard]] Number at(std::int64_t offset) const {
    return kernels::dispatch(view_.dtype, [&]<class T>(T) {
      return static_cast<Number>(static_cast<Compute<T>>(view_.as<T>()[offset]));
    });
  }

  // The indices of a dim that are written; -1 stands for "...".
  [[nodiscard]] std::vector<std::int64_t> indices(int dim) const {
    std::vector<std::int64_t> result;
    for (std::int64_t i = 0; i < view_.sizes[dim]; ++i) {
      if (summary_ && view_.sizes[dim] > 2 * kEdge && i == kEdge) {
        result.push_back(-1);
        i = view_.sizes[dim] - kEdge;
      }
      result.push_back(i);
    }
    return result;
  }

  void collect(std::vector<Number>& into, int dim, std::int64_t offset) const {
    if (dim == view_.sizes.size()) {
      into.push_back(at(offset));
      return;
    }
    for (const std::int64_t i : indices(dim)) {
      if (i >= 0) collect(into, dim + 1, offset + i * view_.strides[dim]);
    }
  }

  [[nodiscard]] std::vector<Number> shown() const {
    std::vector<Number> result;
    collect(result, 0, 0);
    return result;
  }

  [[nodiscard]] std::string level(int dim, std::int64_t offset, int indent) const {
    if (dim == view_.sizes.size()) return format_.text(at(offset));
    const int inner = view_.sizes.size() - dim - 1;
    const std::string pad(static_cast<std::size_t>(indent + 1), ' ');
    std::string between(inner > 0 ? static_cast<std::size_t>(inner) : 0, '\n');
    between.insert(0, 1, ',').append(inner > 0 ? pad : " ");
    const int per_line = std::max(1, (kLineWidth - indent) / (format_.width() + 2));
    std::string result = "[";
    int count = 0;
    for (const std::int64_t i : indices(dim)) {
      if (count > 0 && (inner > 0 || count % per_line != 0)) {
        result += between;
      } else if (count > 0) {
        result.append(",\n").append(pad);
      }
      ++count;
      if (i < 0) {
        result += inner == 0 ? " ..." : "...";
      } else {
        result += level(dim + 1, offset + i * view_.strides[dim], indent + 1);
      }
    }
    return result + "]";
  }

  kernels::View view_;
  bool summary_;
  Format format_;
};

// What stands behind the elements, each as long as the line allows.
std::vector<std::string> suffixes(const Tensor& tensor) {
  std::vector<std::string> result;
  const bool empty = tensor.numel() == 0;
  if (empty && tensor.dim() != 1) {
    std::string sizes = to_string(tensor.sizes());
    sizes.front() = '(';
    sizes.back() = ')';
    result.push_back(sizes.insert(0, "size="));
  }
  // An empty list does not show that it is one of integers.
  const DType dtype = tensor.dtype();
  const bool usual = dtype == kFloat32 || (!empty && (dtype == kInt64 || dtype == kBool));
  if (!usual) result.push_back(std::string("dtype=").append(name_of(dtype)));
  if (!tensor.is_leaf()) {
    result.push_back(tensor.name().insert(0, "grad_fn=<").append(">"));
  } else if (tensor.requires_grad()) {
    result.emplace_back("requires_grad=True");
  }
  return result;
}

}  // namespace

std::string to_string(const Tensor& tensor) {
  if (!tensor.defined()) return "tensor(undefined)";
  std::string text = "tensor(";
  text += tensor.numel() == 0 ? "[]" : Printer(tensor).text();
  const std::size_t newline = text.rfind('\n');
  std::size_t line = newline == std::string::npos ? text.size() + 2 : text.size() - newline + 1;
  for (const std::string& suffix : suffixes(tensor)) {
    if (line + suffix.size() + 2 > kLineWidth) {
      text.append(",\n").append(kIndent, ' ').append(suffix);
      line = kIndent + suffix.size();
    } else {
      text.append(", ").append(suffix);
      line += suffix.size() + 2;
    }
  }
  return text + ")";
}

std::ostream& operator<<(std::ostream& out, const Tensor& tensor) {
  return out << to_string(tensor);
}

}  // namespace gradus
