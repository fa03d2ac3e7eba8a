// Cross-entropy of rows of scores with class labels, log-softmax included: one pass each way over
// the scores. Rows run at once; sums run in double, in chunks fixed by the sizes.
#pragma once

#include "framework/kernels/view.h"

namespace gradus::kernels {

/// Which labels count, and how much. `weight` is dense, of the scores' dtype, one a class; without
/// data all weigh 1.
struct CrossEntropy {
  View weight{};
  std::int64_t ignore_index = -100;
  double label_smoothing = 0;
};

/// The sums over all rows: of the losses, and of the weights of the labels.
struct CrossEntropySums {
  double loss = 0;
  double weight = 0;
};

/// The losses of the rows of x [rows, classes], whose classes lie next to each other, with dense
/// int64 labels within [0, classes) or equal to ignore_index. `losses` [rows] may be without data.
/// `scales` [rows, 2], f64 for f64 and f32 for the others, receives what the gradient needs.
CrossEntropySums cross_entropy(const View& losses, const View& scales, const View& x,
                               const View& labels, const CrossEntropy& how);

/// gx (dense) = factor * g * d loss / d x, with g [rows] or 0-dim.
void cross_entropy_grad(const View& gx, const View& g, double factor, const View& scales,
                        const View& x, const View& labels, const CrossEntropy& how);

}  // namespace gradus::kernels
