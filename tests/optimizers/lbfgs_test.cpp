// L-BFGS: PyTorch's iterates on Rosenbrock's function (golden/optimizers.py), and what it does
// where a closure throws, a loss is not finite, or state is taken over.
#include "optimizers/lbfgs.h"
#include <gradus/gradus.h>

#include <cmath>
#include <limits>

#include "tests/support/golden.h"
#include "tests/support/temp_dir.h"

namespace gradus {
namespace {

// The chained function of Rosenbrock in four dims, that of a vector and a matrix.
class Rosenbrock {
 public:
  [[nodiscard]] nn::StateDict parameters() const { return {{"x", x_}, {"y", y_}}; }
  [[nodiscard]] int evaluations() const { return evaluations_; }

  Tensor operator()(optim::Optimizer& optimizer) {
    ++evaluations_;
    optimizer.zero_grad();
    const Tensor v = cat({x_, y_.flatten()});
    const Tensor low = v.slice(0, 0, 3);
    const Tensor high = v.slice(0, 1, 4);
    Tensor loss = (100 * (high - low.square()).square() + (1 - low).square()).sum();
    loss.backward();
    return loss;
  }
  double step(optim::Optimizer& optimizer) {
    return optimizer.step([&] { return (*this)(optimizer); }).item<double>();
  }
  [[nodiscard]] std::vector<double> place() const {
    std::vector<double> all = x_.to_vector<double>();
    for (const double each : y_.to_vector<double>()) all.push_back(each);
    return all;
  }

 private:
  Tensor x_ = tensor({-1.2, 1.0}, kFloat64).requires_grad_();
  Tensor y_ = tensor({{0.5}, {2.0}}, kFloat64).requires_grad_();
  int evaluations_ = 0;
};

struct Variant {
  Json json;

  [[nodiscard]] std::string name() const { return json["name"]; }
  [[nodiscard]] std::shared_ptr<optim::Optimizer> make(const Rosenbrock& problem) const {
    Json config = {{"type", "lbfgs"}};
    config.update(json["options"]);
    return optim::optimizers().make(config, problem.parameters());
  }
  friend void PrintTo(const Variant& self, std::ostream* out) { *out << self.name(); }
};

std::vector<Variant> variants() {
  std::vector<Variant> result;
  const Json file = golden::load("optimizers.json");
  for (const Json& each : file.at("lbfgs")) result.push_back({each});
  return result;
}

class GoldenLbfgs : public testing::TestWithParam<Variant> {};

TEST_P(GoldenLbfgs, matches_pytorch) {
  constexpr double kTolerance = 1e-9;
  Rosenbrock problem;
  const auto optimizer = GetParam().make(problem);
  const Json& steps = GetParam().json["steps"];
  ASSERT_EQ(steps.size(), 12U);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    SCOPED_TRACE("step " + std::to_string(i + 1));
    const double expected = steps[i][0];
    EXPECT_NEAR(problem.step(*optimizer), expected, kTolerance * expected);
    EXPECT_EQ(problem.evaluations(), steps[i][1]);
    const std::vector<double> place = problem.place();
    for (std::size_t k = 0; k < place.size(); ++k) {
      EXPECT_NEAR(place[k], steps[i][2 + k].get<double>(), kTolerance) << "element " << k;
    }
  }
}

TEST_P(GoldenLbfgs, goes_on_exactly_from_saved_state) {
  Rosenbrock straight;
  const auto whole = GetParam().make(straight);
  for (int i = 0; i < 8; ++i) straight.step(*whole);

  Rosenbrock stopped;
  const auto before = GetParam().make(stopped);
  for (int i = 0; i < 4; ++i) stopped.step(*before);
  const auto after = GetParam().make(stopped);
  after->load_state_dict(before->state_dict());
  for (int i = 0; i < 4; ++i) stopped.step(*after);
  EXPECT_EQ(stopped.place(), straight.place());
  EXPECT_EQ(stopped.evaluations(), straight.evaluations());
}

INSTANTIATE_TEST_SUITE_P(Variants, GoldenLbfgs, testing::ValuesIn(variants()),
                         golden::NameOfCase());

// A quadratic function with parameters of several chunks.
std::vector<double> large_problem(int threads, DType dtype) {
  const int before = num_threads();
  set_num_threads(threads);
  manual_seed(5);
  std::vector<Tensor> parameters;
  std::vector<Tensor> curvatures;
  for (const Shape& sizes : {Shape{1}, Shape{300, 70}, Shape{0}, Shape{250, 211}}) {
    parameters.push_back(randn(sizes).to(dtype).requires_grad_());
    curvatures.push_back((rand(sizes) + 0.1).to(dtype));
  }
  optim::LBFGS optimizer(parameters, {.max_iter = 4, .line_search_fn = "strong_wolfe"});
  for (int step = 0; step < 3; ++step) {
    optimizer.step([&] {
      optimizer.zero_grad();
      Tensor loss = zeros({}, dtype);
      for (std::size_t i = 0; i < parameters.size(); ++i) {
        loss = loss + (curvatures[i] * parameters[i].square()).sum();
      }
      loss.backward();
      return loss;
    });
  }
  set_num_threads(before);
  std::vector<double> result;
  for (const Tensor& each : parameters) {
    for (const double value : each.to_vector<double>()) result.push_back(value);
  }
  return result;
}

TEST(Lbfgs, HasTheSameBitsOnAnyNumberOfThreads) {
  for (const DType dtype : {kFloat32, kFloat64}) {
    EXPECT_EQ(large_problem(1, dtype), large_problem(4, dtype));
  }
}

// x - log(x), which is NaN where the first trials lead.
TEST(Lbfgs, ALineSearchComesBackFromWhereTheLossIsNaN) {
  const Tensor x = tensor({0.1, 5.0}, kFloat64).requires_grad_();
  optim::LBFGS optimizer(std::vector{x},
                         {.lr = 20, .tolerance_change = 0, .line_search_fn = "strong_wolfe"});
  int not_finite = 0;
  for (int step = 0; step < 20; ++step) {
    optimizer.step([&] {
      optimizer.zero_grad();
      Tensor loss = (x - x.log()).sum();
      if (!std::isfinite(loss.item<double>())) ++not_finite;
      loss.backward();
      return loss;
    });
  }
  EXPECT_GT(not_finite, 0);
  for (const double each : x.to_vector<double>()) EXPECT_NEAR(each, 1, 1e-6);
}

TEST(Lbfgs, AFirstLossThatIsNotFiniteChangesNothing) {
  const Tensor x = ones({3}).requires_grad_();
  optim::LBFGS optimizer(std::vector{x});
  const Tensor loss = optimizer.step([&] {
    Tensor value = (x * std::numeric_limits<float>::infinity()).sum();
    value.backward();
    return value;
  });
  EXPECT_TRUE(std::isinf(loss.item<float>()));
  EXPECT_EQ(x.to_vector<float>(), std::vector<float>(3, 1));
  EXPECT_TRUE(optimizer.state_dict().empty());
}

TEST(Lbfgs, AClosureThatThrowsLeavesTheWeightsWhereAnIterationEnded) {
  const optim::LBFGSOptions options = {.line_search_fn = "strong_wolfe"};
  const auto step = [](Rosenbrock& problem, optim::Optimizer& optimizer, int most) {
    optimizer.step([&] {
      if (problem.evaluations() == most) throw ValueError("enough");
      return problem(optimizer);
    });
  };
  Rosenbrock whole;
  optim::LBFGS undisturbed(whole.parameters(), options);
  const std::vector<double> start = whole.place();
  whole.step(undisturbed);

  Rosenbrock problem;
  optim::LBFGS optimizer(problem.parameters(), options);
  EXPECT_THROW(step(problem, optimizer, 1), ValueError);  // in the first line search
  EXPECT_EQ(problem.place(), start);
  EXPECT_TRUE(optimizer.state_dict().empty());
  step(problem, optimizer, -1);
  EXPECT_EQ(problem.place(), whole.place());

  optim::LBFGSOptions once = options;
  once.max_iter = 1;
  Rosenbrock first;
  optim::LBFGS one_iteration(first.parameters(), once);
  first.step(one_iteration);
  Rosenbrock second;
  optim::LBFGS other(second.parameters(), options);
  EXPECT_THROW(step(second, other, first.evaluations()), ValueError);  // in the second
  EXPECT_EQ(second.place(), first.place());
}

TEST(Lbfgs, RefusesWhatItCannotDo) {
  const Tensor a = ones({2}).requires_grad_();
  const Tensor b = ones({2}, kFloat64).requires_grad_();
  EXPECT_EQ(test::message_of<ValueError>([&] {
              optim::LBFGS(nn::StateDict{{"a", a}, {"b", b}});
            }),
            "LBFGS: parameters of one dtype only; \"a\" has float32, \"b\" float64");
  EXPECT_EQ(test::message_of<ValueError>([] { optim::LBFGS(nn::StateDict{}); }),
            "LBFGS: there is no parameter with an element");
  optim::LBFGS optimizer(std::vector{a});
  EXPECT_TRUE(optimizer.needs_closure());
  const std::string message = test::message_of<StateError>([&] { optimizer.step(); });
  EXPECT_NE(message.find("LBFGS: step() takes a closure"), std::string::npos) << message;
  optimizer.param_groups()[0].options.line_search_fn = "wolfe";
  EXPECT_EQ(test::message_of<ValueError>([&] { optimizer.step([] { return zeros({}); }); }),
            "LBFGS: line_search_fn is \"wolfe\", not \"none\" or \"strong_wolfe\"");
}

TEST(Lbfgs, StateThatMissesAPartIsRefused) {
  Rosenbrock problem;
  optim::LBFGS optimizer(problem.parameters());
  problem.step(optimizer);
  nn::StateDict state;
  for (const auto& each : optimizer.state_dict()) {
    if (each.name != "y/prev_flat_grad") state.push_back(each);
  }
  optim::LBFGS other(problem.parameters());
  other.load_state_dict(state);
  EXPECT_EQ(test::message_of<ValueError>([&] { problem.step(other); }),
            "LBFGS: the state of \"y\" has no \"prev_flat_grad\"");
}

TEST(Lbfgs, FreesGradientsWhereItIsTold) {
  Rosenbrock problem;
  optim::LBFGS optimizer(problem.parameters());
  problem.step(optimizer);
  EXPECT_TRUE(problem.parameters()[0].tensor.grad().defined());
  optimizer.set_frees_gradients(true);
  problem.step(optimizer);
  EXPECT_FALSE(problem.parameters()[0].tensor.grad().defined());
}

}  // namespace
}  // namespace gradus
