// A data set: points on rings about the origin; the class is the ring.
#include <gradus/gradus.h>

#include <cmath>
#include <numbers>

namespace {

using namespace gradus;

struct RingsOptions {
  std::int64_t size = 600;
  std::int64_t test_size = 300;
  std::int64_t rings = 3;
  double noise = 0.1;
  std::int64_t seed = 1;

  void describe(OptionReader& o) {
    o("size", size, "training points", {.min = 1});
    o("test_size", test_size, "test points", {.min = 1});
    o("rings", rings, "how many there are, of radius 1, 2, ...", {.min = 2});
    o("noise", noise, "standard deviation of the radius", {.min = 0});
    o("seed", seed, "of all numbers", {.min = 0});
  }
};

data::DatasetPtr draw(const RingsOptions& o, std::int64_t count, Generator& generator) {
  const Tensor ring = arange(count) % o.rings;
  const Tensor radius = ring.to(kFloat32) + 1 + o.noise * randn({count}, kFloat32, generator);
  const Tensor angle = 2 * std::numbers::pi * rand({count}, kFloat32, generator);
  const Tensor points = stack({radius * cos(angle), radius * sin(angle)}, 1);
  return std::make_shared<data::TensorDataset>(points, ring);
}

std::shared_ptr<data::DataSource> make(const RingsOptions& o) {
  Generator generator(static_cast<std::uint64_t>(o.seed));
  data::DatasetPtr train = draw(o, o.size, generator);
  data::DatasetPtr test = draw(o, o.test_size, generator);
  return std::make_shared<data::DataSource>(
      data::DataSource{.train = train, .test = test, .input_shape = {2}, .outputs = o.rings});
}

const bool kRegistered =
    data::datasets().add<RingsOptions>("rings", "points on rings about the origin", make);

}  // namespace
