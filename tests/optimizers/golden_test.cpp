// The optimizers against PyTorch, or the formulas of their papers (golden/optimizers.py): 100 steps
// of every variant in golden/optimizers.json. And what must hold for any of them: state goes on
// where it was saved, groups do not disturb each other.
#include "optimizers/adam.h"
#include "optimizers/lamb.h"
#include "optimizers/muon.h"
#include "optimizers/nadam.h"
#include "optimizers/sgd.h"

#include <set>

#include "tests/support/golden.h"

namespace gradus {
namespace {

using golden::expect_close;
using golden::tensor_of;

// Most variants agree to 1e-15. With the betas of "betas_eps" Adam circles the minimum, and
// one element magnifies any rounding 300 times on its way: there it is 4e-12 after 100 steps.
constexpr golden::Tolerance kTolerance = {1e-10, 1e-12};
constexpr int kSteps = 100;

const Json& file() {
  static const Json kFile = golden::load("optimizers.json");
  return kFile;
}

// The problem of the file: the sum over w and b of 0.5 * a * (p - c)^2 + sin(p).
class Problem {
 public:
  Problem() {
    for (const char* name : {"w", "b"}) {
      parameters_.push_back({name, tensor_of(file()["initial"][name]).requires_grad_()});
    }
  }

  [[nodiscard]] const nn::StateDict& parameters() const { return parameters_; }
  [[nodiscard]] const nn::NamedTensor& w() const { return parameters_[0]; }
  [[nodiscard]] const nn::NamedTensor& b() const { return parameters_[1]; }

  void set_gradients() const {
    for (const auto& [name, parameter] : parameters_) {
      const auto p = parameter.to_vector<double>();
      const auto a = tensor_of(file()["a"][name]).to_vector<double>();
      const auto c = tensor_of(file()["c"][name]).to_vector<double>();
      std::vector<double> gradient(p.size());
      for (std::size_t i = 0; i < p.size(); ++i) {
        gradient[i] = a[i] * (p[i] - c[i]) + std::cos(p[i]);
      }
      parameter.set_grad(tensor(gradient).reshape(parameter.sizes()));
    }
  }

  void run(optim::Optimizer& optimizer, int steps) const {
    for (int i = 0; i < steps; ++i) {
      set_gradients();
      optimizer.step();
    }
  }

 private:
  nn::StateDict parameters_;
};

// The same bits, not merely close.
void expect_same(const Tensor& actual, const Tensor& expected) {
  EXPECT_EQ(actual.to_vector<double>(), expected.to_vector<double>());
}

void expect_same(const Problem& actual, const Problem& expected) {
  expect_same(actual.w().tensor, expected.w().tensor);
  expect_same(actual.b().tensor, expected.b().tensor);
}

// ---- Every variant of the file -----------------------------------------------------------------

struct Variant {
  Json json;

  [[nodiscard]] std::string name() const { return json["name"]; }
  [[nodiscard]] std::shared_ptr<optim::Optimizer> make(const Problem& problem) const {
    Json config = {{"type", json["optimizer"]}};
    config.update(json["options"]);
    return optim::optimizers().make(config, problem.parameters());
  }
  friend void PrintTo(const Variant& self, std::ostream* out) { *out << self.name(); }
};

std::vector<Variant> variants() {
  std::vector<Variant> result;
  for (const Json& each : file().at("variants")) result.push_back({each});
  return result;
}

class GoldenOptimizer : public testing::TestWithParam<Variant> {};

TEST_P(GoldenOptimizer, matches_pytorch) {
  const Problem problem;
  const auto optimizer = GetParam().make(problem);
  std::size_t compared = 0;
  for (int step = 1; step <= kSteps; ++step) {
    problem.run(*optimizer, 1);
    const auto expected = GetParam().json["after"].find(std::to_string(step));
    if (expected == GetParam().json["after"].end()) continue;
    SCOPED_TRACE("after " + std::to_string(step) + " steps");
    ++compared;
    expect_close(problem.w().tensor, tensor_of((*expected)["w"]), kTolerance);
    expect_close(problem.b().tensor, tensor_of((*expected)["b"]), kTolerance);
  }
  EXPECT_EQ(compared, 3U);
}

TEST_P(GoldenOptimizer, goes_on_exactly_from_saved_state) {
  const Problem straight;
  straight.run(*GetParam().make(straight), 30);

  const Problem stopped;
  const auto before = GetParam().make(stopped);
  stopped.run(*before, 10);
  const auto after = GetParam().make(stopped);
  after->load_state_dict(before->state_dict());
  stopped.run(*after, 20);
  expect_same(stopped, straight);
}

INSTANTIATE_TEST_SUITE_P(Variants, GoldenOptimizer, testing::ValuesIn(variants()),
                         golden::NameOfCase());

TEST(GoldenOptimizers, all_have_variants) {
  std::set<std::string> names = {"lbfgs"};  // lbfgs_test.cpp
  for (const Variant& each : variants()) names.insert(each.json["optimizer"]);
  const std::vector<std::string> all = optim::optimizers().names();
  EXPECT_EQ(names, std::set<std::string>(all.begin(), all.end()));
  EXPECT_EQ(variants().size(), 35U);
}

// ---- Groups -------------------------------------------------------------------------------------

template <class Optimizer>
void expect_groups_are_independent(const typename Optimizer::Options& for_w,
                                   const typename Optimizer::Options& for_b) {
  const Problem grouped;
  Optimizer both(nn::StateDict{grouped.w()}, for_w);
  both.add_param_group({grouped.b()}, for_b);
  grouped.run(both, 20);

  const Problem apart;
  Optimizer only_w(nn::StateDict{apart.w()}, for_w);
  Optimizer only_b(nn::StateDict{apart.b()}, for_b);
  for (int i = 0; i < 20; ++i) {
    apart.set_gradients();
    only_w.step();
    only_b.step();
  }
  expect_same(grouped, apart);
}

TEST(ParameterGroups, act_as_two_optimizers_would) {
  expect_groups_are_independent<optim::SGD>({.lr = 0.05, .momentum = 0.9}, {.lr = 0.01});
  expect_groups_are_independent<optim::Adam>({.lr = 0.1}, {.lr = 0.01, .amsgrad = true});
  expect_groups_are_independent<optim::AdamW>({.lr = 0.1}, {.lr = 0.01, .weight_decay = 0.5});
  expect_groups_are_independent<optim::NAdam>({.lr = 0.1}, {.lr = 0.01, .momentum_decay = 0.1});
  expect_groups_are_independent<optim::LAMB>({.lr = 0.1}, {.lr = 0.01, .weight_decay = 0.5});
  expect_groups_are_independent<optim::Muon>({.lr = 0.1}, {.lr = 0.01, .adamw_lr = 0.1});
}

}  // namespace
}  // namespace gradus
