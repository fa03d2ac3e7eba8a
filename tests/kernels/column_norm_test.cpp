// The loops of batch norm: against their formulas in double, and the same bits at every level.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "framework/kernels/native/column_norm.h"

namespace gradus::kernels::native {
namespace {

template <class T>
std::vector<T> values(std::int64_t count, double period) {
  std::vector<T> result(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < result.size(); ++i) {
    result[i] = static_cast<T>(2 * std::sin(1 + static_cast<double>(i) * period));
  }
  return result;
}

// Rows 3 to 73 of a matrix, and all that its loops compute.
template <class T>
struct Case {
  using C = Compute<T>;
  static constexpr RowRange range(std::int64_t columns) { return {3, 73, columns}; }

  explicit Case(std::int64_t width)
      : columns(width),
        x(values<T>(80 * width, 0.7)),
        g(values<T>(80 * width, 1.1)),
        other(values<T>(80 * width, 0.3)),
        mean(values<C>(width, 0.9)),
        scale(values<C>(width, 1.7)),
        bias(values<C>(width, 0.4)) {}

  [[nodiscard]] ColumnTerms<C> terms() const { return {mean.data(), scale.data(), bias.data()}; }

  // The sums and results of all loops; what no row in range belongs to stays as it was.
  [[nodiscard]] std::vector<double> run(Level level) const {
    const auto& loops = column_norm_loops(level).template of<T>();
    const RowRange rows = range(columns);
    std::vector<double> all;
    std::vector<double> sums(static_cast<std::size_t>(2 * columns), 7);
    loops.sum_differences(sums.data(), x.data(), other.data(), rows);
    append(all, sums);
    loops.sum_squares(sums.data(), x.data(), mean.data(), rows);
    append(all, sums);
    for (const bool relu : {false, true}) {
      for (const T* residual : {static_cast<const T*>(nullptr), other.data()}) {
        std::vector<T> y(x.size(), T(9.0F));
        loops.normalize(y.data(), x.data(), residual, relu, terms(), rows);
        append(all, y);
      }
    }
    for (const ReluMask mask : kMasks) {
      const ColumnGradient<T> of{g.data(), x.data(), other.data(), terms(), mask};
      loops.sum_gradients(sums.data(), of, rows);
      append(all, sums);
      std::vector<T> gx(x.size(), T(9.0F)), alone(gx), residual(gx);
      const GradientTerms<C> by{bias.data(), mean.data(), scale.data()};
      loops.gradients(alone.data(), nullptr, of, by, rows);
      loops.gradients(gx.data(), residual.data(), of, by, rows);
      EXPECT_EQ(alone, gx);
      append(all, gx);
      append(all, residual);
    }
    return all;
  }

  // The same by the formulas, in double.
  [[nodiscard]] std::vector<double> expected() const {
    std::vector<double> all;
    std::vector<double> sums(static_cast<std::size_t>(2 * columns), 7);
    std::fill_n(sums.begin(), columns, 0.0);
    for_all([&](auto i, auto c) { sums[c] += double{x[i]} - double{other[c]}; });
    append(all, sums);
    std::fill_n(sums.begin(), columns, 0.0);
    for_all([&](auto i, auto c) { sums[c] += distance(i, c) * distance(i, c); });
    append(all, sums);
    for (const bool relu : {false, true}) {
      for (const bool adds : {false, true}) {
        std::vector<double> y(x.size(), 9);
        for_all([&](auto i, auto c) {
          y[i] = normalized(i, c) + (adds ? double{other[i]} : 0);
          if (relu) y[i] = std::max(y[i], 0.0);
        });
        append(all, y);
      }
    }
    for (const ReluMask mask : kMasks) append_gradients(all, mask);
    return all;
  }

  static constexpr ReluMask kMasks[] = {ReluMask::None, ReluMask::Computed, ReluMask::Stored};

  template <class From>
  static void append(std::vector<double>& to, const std::vector<From>& from) {
    to.insert(to.end(), from.begin(), from.end());
  }

  template <class Body>
  void for_all(Body body) const {
    const RowRange rows = range(columns);
    for (std::int64_t r = rows.begin; r < rows.end; ++r) {
      for (std::int64_t c = 0; c < columns; ++c) {
        body(static_cast<std::size_t>(r * columns + c), static_cast<std::size_t>(c));
      }
    }
  }
  [[nodiscard]] double distance(std::size_t i, std::size_t c) const {
    return double{x[i]} - double{mean[c]};
  }
  [[nodiscard]] double normalized(std::size_t i, std::size_t c) const {
    return distance(i, c) * double{scale[c]} + double{bias[c]};
  }

  void append_gradients(std::vector<double>& to, ReluMask mask) const {
    const auto slope = [&](auto i, auto c) {
      const bool passes =
          mask == ReluMask::None || (mask == ReluMask::Computed ? normalized(i, c) : other[i]) > 0;
      return passes ? double{g[i]} : 0;
    };
    const auto width = static_cast<std::size_t>(columns);
    std::vector<double> sums(2 * width, 0.0);
    std::vector<double> gx(x.size(), 9), residual(x.size(), 9);
    for_all([&](auto i, auto c) {
      sums[c] += slope(i, c);
      sums[width + c] += slope(i, c) * distance(i, c);
      gx[i] = slope(i, c) * double{bias[c]} + distance(i, c) * double{mean[c]} + double{scale[c]};
      residual[i] = slope(i, c);
    });
    append(to, sums);
    append(to, gx);
    append(to, residual);
  }

  std::int64_t columns;
  std::vector<T> x, g, other;
  std::vector<C> mean, scale, bias;
};

template <class T>
class ColumnNormTest : public testing::Test {};
using Types = testing::Types<float, double, BFloat16>;
TYPED_TEST_SUITE(ColumnNormTest, Types);

constexpr std::int64_t kColumns[] = {1, 3, 8, 13, 16, 35, 64};

TYPED_TEST(ColumnNormTest, IsTheFormula) {
  const bool coarse = std::is_same_v<TypeParam, BFloat16>;
  const auto tolerance = [&](double value) {
    return coarse ? 0.008 * (2 + std::abs(value)) : 1e-6 * (5 + std::abs(value));
  };
  for (const std::int64_t columns : kColumns) {
    const Case<TypeParam> of(columns);
    const std::vector<double> seen = of.run(Level::Base);
    const std::vector<double> expected = of.expected();
    ASSERT_EQ(seen.size(), expected.size());
    for (std::size_t i = 0; i < seen.size(); ++i) {
      ASSERT_NEAR(seen[i], expected[i], tolerance(expected[i]))
          << i << " of " << columns << " columns";
    }
  }
}

TYPED_TEST(ColumnNormTest, HasTheSameBitsAtEveryLevel) {
  if (!has(Level::Avx512)) GTEST_SKIP() << "one level";
  for (const std::int64_t columns : kColumns) {
    const Case<TypeParam> of(columns);
    EXPECT_EQ(of.run(Level::Base), of.run(Level::Avx512)) << columns;
  }
}

}  // namespace
}  // namespace gradus::kernels::native
