#include "framework/ops/trigonometry.h"
#include "framework/ops/arithmetic.h"
#include "framework/ops/elementwise.h"
#include "framework/ops/pointwise.h"

#include <cmath>
#include <numbers>

namespace gradus {
namespace ops {
namespace {

struct Sin {
  static constexpr OpInfo kInfo = function("sin", "The sine of an angle in radians.", kSaveInput0);
  static auto value(auto x) { return std::sin(x); }
  static Tensor gradient(const Saved& s, const Tensor& g) { return g * cos(s.input(0)); }
  static Samples samples() { return over(sin, -3, 3); }
};

struct Cos {
  static constexpr OpInfo kInfo =
      function("cos", "The cosine of an angle in radians.", kSaveInput0);
  static auto value(auto x) { return std::cos(x); }
  static Tensor gradient(const Saved& s, const Tensor& g) { return -g * sin(s.input(0)); }
  static Samples samples() { return over(cos, -3, 3); }
};

struct Tan {
  static constexpr OpInfo kInfo =
      function("tan", "The tangent of an angle in radians.", kSaveOutput);
  static auto value(auto x) { return std::tan(x); }
  static Tensor gradient(const Saved& s, const Tensor& g) { return g * (1 + square(s.output())); }
  static Samples samples() { return over(tan, -1.2, 1.2); }
};

struct Asin {
  static constexpr OpInfo kInfo =
      function("asin", "The angle in [-pi/2, pi/2] whose sine is x; NaN beyond 1.", kSaveInput0);
  static auto value(auto x) { return std::asin(x); }
  static Tensor gradient(const Saved& s, const Tensor& g) {
    return g * rsqrt(1 - square(s.input(0)));
  }
  static Samples samples() { return over(asin, -0.9, 0.9); }
};

struct Acos {
  static constexpr OpInfo kInfo =
      function("acos", "The angle in [0, pi] whose cosine is x; NaN beyond 1.", kSaveInput0);
  static auto value(auto x) { return std::acos(x); }
  static Tensor gradient(const Saved& s, const Tensor& g) {
    return -g * rsqrt(1 - square(s.input(0)));
  }
  static Samples samples() { return over(acos, -0.9, 0.9); }
};

struct Atan {
  static constexpr OpInfo kInfo =
      function("atan", "The angle in [-pi/2, pi/2] whose tangent is x.", kSaveInput0);
  static auto value(auto x) { return std::atan(x); }
  static Tensor gradient(const Saved& s, const Tensor& g) { return g / (1 + square(s.input(0))); }
  static Samples samples() { return over(atan, -3, 3); }
};

struct Sinh {
  static constexpr OpInfo kInfo = function("sinh", "The hyperbolic sine.", kSaveInput0);
  static auto value(auto x) { return std::sinh(x); }
  static Tensor gradient(const Saved& s, const Tensor& g) { return g * cosh(s.input(0)); }
  static Samples samples() { return over(sinh, -2, 2); }
};

struct Cosh {
  static constexpr OpInfo kInfo = function("cosh", "The hyperbolic cosine.", kSaveInput0);
  static auto value(auto x) { return std::cosh(x); }
  static Tensor gradient(const Saved& s, const Tensor& g) { return g * sinh(s.input(0)); }
  static Samples samples() { return over(cosh, -2, 2); }
};

struct Asinh {
  static constexpr OpInfo kInfo =
      function("asinh", "The number whose hyperbolic sine is x.", kSaveInput0);
  static auto value(auto x) { return std::asinh(x); }
  static Tensor gradient(const Saved& s, const Tensor& g) {
    return g * rsqrt(1 + square(s.input(0)));
  }
  static Samples samples() { return over(asinh, -3, 3); }
};

struct Acosh {
  static constexpr OpInfo kInfo = function(
      "acosh", "The number from 0 whose hyperbolic cosine is x; NaN below 1.", kSaveInput0);
  static auto value(auto x) { return std::acosh(x); }
  static Tensor gradient(const Saved& s, const Tensor& g) {
    return g * rsqrt(square(s.input(0)) - 1);
  }
  static Samples samples() { return over(acosh, 1.5, 3); }
};

struct Atanh {
  static constexpr OpInfo kInfo =
      function("atanh", "The number whose hyperbolic tangent is x; NaN beyond 1.", kSaveInput0);
  static auto value(auto x) { return std::atanh(x); }
  static Tensor gradient(const Saved& s, const Tensor& g) { return g / (1 - square(s.input(0))); }
  static Samples samples() { return over(atanh, -0.8, 0.8); }
};

struct Deg2Rad {
  static constexpr OpInfo kInfo{.name = "deg2rad", .doc = "Degrees to radians.", .floating = true};
  static Samples samples() { return over(deg2rad, -180, 180); }
};

struct Rad2Deg {
  static constexpr OpInfo kInfo{.name = "rad2deg", .doc = "Radians to degrees.", .floating = true};
  static Samples samples() { return over(rad2deg, -3, 3); }
};

const RegisterOps<FunctionOp<Sin>, FunctionOp<Cos>, FunctionOp<Tan>, FunctionOp<Asin>,
                  FunctionOp<Acos>, FunctionOp<Atan>, FunctionOp<Sinh>, FunctionOp<Cosh>,
                  FunctionOp<Asinh>, FunctionOp<Acosh>, FunctionOp<Atanh>, Deg2Rad, Rad2Deg>
    kRegistered;

}  // namespace
}  // namespace ops

Tensor sin(const Tensor& x, Location at) {
  return ops::apply(ops::FunctionOp<ops::Sin>(), {x}, at);
}
Tensor cos(const Tensor& x, Location at) {
  return ops::apply(ops::FunctionOp<ops::Cos>(), {x}, at);
}
Tensor tan(const Tensor& x, Location at) {
  return ops::apply(ops::FunctionOp<ops::Tan>(), {x}, at);
}
Tensor asin(const Tensor& x, Location at) {
  return ops::apply(ops::FunctionOp<ops::Asin>(), {x}, at);
}
Tensor acos(const Tensor& x, Location at) {
  return ops::apply(ops::FunctionOp<ops::Acos>(), {x}, at);
}
Tensor atan(const Tensor& x, Location at) {
  return ops::apply(ops::FunctionOp<ops::Atan>(), {x}, at);
}
Tensor sinh(const Tensor& x, Location at) {
  return ops::apply(ops::FunctionOp<ops::Sinh>(), {x}, at);
}
Tensor cosh(const Tensor& x, Location at) {
  return ops::apply(ops::FunctionOp<ops::Cosh>(), {x}, at);
}
Tensor asinh(const Tensor& x, Location at) {
  return ops::apply(ops::FunctionOp<ops::Asinh>(), {x}, at);
}
Tensor acosh(const Tensor& x, Location at) {
  return ops::apply(ops::FunctionOp<ops::Acosh>(), {x}, at);
}
Tensor atanh(const Tensor& x, Location at) {
  return ops::apply(ops::FunctionOp<ops::Atanh>(), {x}, at);
}
Tensor deg2rad(const Tensor& x, Location at) {
  return ops::compose("deg2rad", at, [&] { return x * (std::numbers::pi / 180); });
}
Tensor rad2deg(const Tensor& x, Location at) {
  return ops::compose("rad2deg", at, [&] { return x * (180 / std::numbers::pi); });
}

}  // namespace gradus
