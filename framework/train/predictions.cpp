#include "framework/train/predictions.h"
#include "framework/kernels/parallel.h"
#include "framework/ops/comparison.h"
#include "framework/ops/joining.h"
#include "framework/ops/reduction.h"
#include "framework/tensor/creation.h"

#include <algorithm>
#include <cmath>

namespace gradus {
namespace {

// Zeros and ones, one for each score: two classes.
bool is_binary(const Tensor& target) {
  return target.is_floating_point();
}

void check_binary(const Tensor& output, const Tensor& target, bool many_columns) {
  if (!(output.sizes() == target.sizes())) {
    throw ShapeError("scores " + to_string(output.sizes()) + " and targets of zeros and ones " +
                     to_string(target.sizes()) + " differ in shape");
  }
  if (!many_columns && output.dim() != 0 && output.numel() != output.size(0)) {
    throw ShapeError("takes one column of zeros and ones, or int64 labels; got targets " +
                     to_string(target.sizes()));
  }
}

void check_labels(const Tensor& output, const Tensor& target) {
  if (target.dtype() != kInt64) {
    throw DTypeError("labels are int64, or floating zeros and ones; got " +
                     std::string(name_of(target.dtype())));
  }
  Shape expected = output.sizes();
  if (expected.size() >= 2) expected.erase(1);
  if (output.dim() < 2 || !(expected == target.sizes())) {
    throw ShapeError("scores are [N, C] and labels [N], or [N, C, d...] and [N, d...]; got " +
                     to_string(output.sizes()) + " and " + to_string(target.sizes()));
  }
}

// Calls take(row, label) for each example that counts.
template <class Take>
void for_labels(const Tensor& target, std::int64_t classes, std::int64_t ignored, Take take) {
  const auto labels = target.to_vector<std::int64_t>();
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] == ignored) continue;
    if (labels[i] < 0 || labels[i] >= classes) {
      throw ValueError("label " + std::to_string(labels[i]) + " is outside [0, " +
                       std::to_string(classes) + "), the classes of the scores");
    }
    take(i, labels[i]);
  }
}

// As labels.
std::vector<std::int64_t> zeros_and_ones(const Tensor& target) {
  std::vector<std::int64_t> labels;
  for (const double value : target.to_vector<double>()) {
    if (value != 0 && value != 1) {
      throw ValueError("target " + std::to_string(value) + " is neither 0 nor 1");
    }
    labels.push_back(value == 1 ? 1 : 0);
  }
  return labels;
}

}  // namespace

Predictions predictions_of(const Tensor& output, const Tensor& target, const ClassOptions& options,
                           bool many_columns) {
  Predictions result;
  if (is_binary(target)) {
    check_binary(output, target, many_columns);
    result.classes = 2;
    result.actual = zeros_and_ones(target);
    result.predicted = gt(output.detach(), options.threshold).to_vector<std::int64_t>();
    return result;
  }
  check_labels(output, target);
  result.classes = output.size(1);
  if (target.numel() == 0) return result;
  const auto best = argmax(output.detach(), 1).to_vector<std::int64_t>();
  for_labels(target, result.classes, options.ignore_index,
             [&](std::size_t row, std::int64_t label) {
               result.predicted.push_back(best[row]);
               result.actual.push_back(label);
             });
  return result;
}

ClassScores::ClassScores(const Tensor& output, const Tensor& target, const ClassOptions& options)
    : scores_(output.detach()) {
  if (scores_.dtype() != kFloat64) scores_ = scores_.to(kFloat32);
  if (is_binary(target)) {
    check_binary(output, target, false);
    scores_ = scores_.reshape({-1, 1});
    scores_ = cat({full_like(scores_, options.threshold), scores_}, 1);
    labels_ = zeros_and_ones(target);
    for (std::size_t i = 0; i < labels_.size(); ++i) rows_.push_back(static_cast<std::int64_t>(i));
  } else {
    check_labels(output, target);
    const std::int64_t classes = output.size(1);
    if (scores_.dim() > 2) scores_ = scores_.movedim(1, -1);
    scores_ = scores_.contiguous().reshape({target.numel(), classes});
    for_labels(target, classes, options.ignore_index, [&](std::size_t row, std::int64_t label) {
      rows_.push_back(static_cast<std::int64_t>(row));
      labels_.push_back(label);
    });
  }
  data_ = scores_.raw().data;
  is_double_ = scores_.dtype() == kFloat64;
}

double ClassScores::log_sum_exp(std::int64_t example) const {
  double largest = score(example, 0);
  for (std::int64_t c = 1; c < classes(); ++c) largest = std::max(largest, score(example, c));
  if (!std::isfinite(largest)) return largest;
  double sum = 0;
  for (std::int64_t c = 0; c < classes(); ++c) sum += std::exp(score(example, c) - largest);
  return largest + std::log(sum);
}

std::vector<double> ClassScores::map(const std::function<double(std::int64_t)>& f) const {
  std::vector<double> values(static_cast<std::size_t>(examples()));
  const std::int64_t grain = std::max<std::int64_t>(1, kernels::kGrain / classes());
  kernels::parallel_for(kernels::Split(examples(), grain),
                        [&](std::int64_t begin, std::int64_t end) {
                          for (std::int64_t i = begin; i < end; ++i) {
                            values[static_cast<std::size_t>(i)] = f(i);
                          }
                        });
  return values;
}

}  // namespace gradus
