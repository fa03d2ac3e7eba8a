#include "framework/ops/contraction.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/linear.h"
#include "framework/ops/reduction.h"
#include "framework/ops/shape.h"

namespace gradus::ops {
namespace {

using Labels = std::vector<int>;

bool has(const Labels& labels, int label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

int place_of(const Labels& labels, int label) {
  return static_cast<int>(std::find(labels.begin(), labels.end(), label) - labels.begin());
}

std::int64_t size_of(const Labelled& x, int label) {
  return x.values.size(place_of(x.labels, label));
}

// Sums the dims whose labels are in neither list.
void sum_others(Labelled& x, const Labels& kept, const Labels& also) {
  Shape dims;
  Labels rest;
  for (std::size_t d = 0; d < x.labels.size(); ++d) {
    if (has(kept, x.labels[d]) || has(also, x.labels[d])) {
      rest.push_back(x.labels[d]);
    } else {
      dims.push_back(static_cast<std::int64_t>(d));
    }
  }
  if (dims.empty()) return;
  x.values = sum(x.values, dims);
  x.labels = rest;
}

// Drops from x the dims of size 1 that are wider in `other`.
void drop_broadcast(Labelled& x, const Labelled& other) {
  for (const int label : Labels(x.labels)) {
    if (!has(other.labels, label) || size_of(x, label) != 1 || size_of(other, label) == 1) continue;
    const int dim = place_of(x.labels, label);
    x.values = squeeze(x.values, dim);
    x.labels.erase(x.labels.begin() + dim);
  }
}

Tensor permuted(const Labelled& x, const Labels& order) {
  Shape dims;
  for (const int label : order) dims.push_back(place_of(x.labels, label));
  return permute(x.values, dims);
}

std::int64_t extent(const Labelled& x, const Labels& labels) {
  std::int64_t product = 1;
  for (const int label : labels) product *= size_of(x, label);
  return product;
}

Labels joined(std::initializer_list<Labels> lists) {
  Labels all;
  for (const Labels& each : lists) all.insert(all.end(), each.begin(), each.end());
  return all;
}

}  // namespace

Labelled contract(Labelled a, Labelled b, const std::vector<int>& kept) {
  drop_broadcast(a, b);
  drop_broadcast(b, a);
  sum_others(a, kept, b.labels);
  sum_others(b, kept, a.labels);
  Labels batch;
  Labels summed;
  Labels only_a;
  Labels only_b;
  for (const int label : a.labels) {
    (!has(b.labels, label) ? only_a : has(kept, label) ? batch : summed).push_back(label);
  }
  for (const int label : b.labels) {
    if (!has(a.labels, label)) only_b.push_back(label);
  }
  const std::int64_t rows = extent(a, only_a);
  const std::int64_t columns = extent(b, only_b);
  const std::int64_t batches = extent(a, batch);
  const std::int64_t inner = extent(a, summed);
  const Tensor left = reshape(permuted(a, joined({batch, only_a, summed})), {batches, rows, inner});
  const Tensor right =
      reshape(permuted(b, joined({batch, summed, only_b})), {batches, inner, columns});
  Tensor product;
  if (summed.empty()) {
    product = left * right;
  } else if (batch.empty()) {
    product = matmul(squeeze(left, 0), squeeze(right, 0));
  } else {
    product = matmul(left, right);
  }
  Labelled result{{}, joined({batch, only_a, only_b})};
  if (result.labels.size() > static_cast<std::size_t>(kMaxDims)) {
    throw ShapeError("a product along the way has " + std::to_string(result.labels.size()) +
                     " dims, more than " + std::to_string(kMaxDims));
  }
  Shape sizes;
  for (const int label : result.labels) sizes.push_back(size_of(has(only_b, label) ? b : a, label));
  result.values = reshape(product, sizes);
  return result;
}

Tensor arranged(const Labelled& x, const std::vector<int>& labels) {
  Labelled rest = x;
  sum_others(rest, labels, {});
  return permuted(rest, labels);
}

}  // namespace gradus::ops
