// A tensor as a matrix whose rows run along its last dim. Included by op families only.
#pragma once

#include "framework/ops/shape.h"

namespace gradus::ops {

/// All leading dims as one.
inline Tensor all_rows(const Tensor& t) {
  if (t.dim() == 2) return t;
  std::int64_t count = 1;
  for (int d = 0; d + 1 < t.dim(); ++d) count *= t.sizes()[d];
  return reshape(t, {count, t.size(-1)});
}

}  // namespace gradus::ops
