// DataLoader and data set wrappers: orders, batches, going on from a state, errors.
#include "framework/train/data_loader.h"
#include <gtest/gtest.h>
#include "framework/tensor/creation.h"

#include <algorithm>
#include <atomic>
#include <numeric>

namespace gradus::data {
namespace {

using Numbers = std::vector<std::int64_t>;

// Example i is the number i, and -i as its target.
class Counting : public Dataset {
 public:
  explicit Counting(std::int64_t size, std::int64_t broken = -1) : size_(size), broken_(broken) {}
  [[nodiscard]] std::int64_t size() const override { return size_; }
  [[nodiscard]] Example get(std::int64_t i) const override {
    if (i == broken_) throw ValueError("example " + std::to_string(i) + " is broken");
    ++taken;
    return {full({1}, i, kInt64), full({}, -i, kInt64)};
  }

  mutable std::atomic<std::int64_t> taken = 0;

 private:
  std::int64_t size_;
  std::int64_t broken_;
};

Numbers first_numbers(std::int64_t count) {
  Numbers all(static_cast<std::size_t>(count));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

// The numbers of the batches to come, batch by batch.
std::vector<Numbers> remaining(DataLoader& loader) {
  std::vector<Numbers> result;
  while (const auto batch = loader.next()) result.push_back(batch->input.to_vector<std::int64_t>());
  return result;
}

Numbers flat(const std::vector<Numbers>& batches) {
  Numbers all;
  for (const Numbers& each : batches) all.insert(all.end(), each.begin(), each.end());
  return all;
}

Numbers epoch_order(std::uint64_t seed, std::int64_t epoch, std::int64_t size = 50) {
  DataLoader loader(std::make_shared<Counting>(size),
                    {.batch_size = 8, .shuffle = true, .seed = seed});
  loader.start_epoch(epoch);
  return flat(remaining(loader));
}

TEST(DataLoader, gives_every_example_once_in_order) {
  DataLoader loader(std::make_shared<Counting>(10), {.batch_size = 4});
  loader.start_epoch(1);
  EXPECT_EQ(loader.batches(), 3);
  const auto first = loader.next();
  EXPECT_EQ(first->input.sizes(), (Shape{4, 1}));
  EXPECT_EQ(first->target.to_vector<std::int64_t>(), (Numbers{0, -1, -2, -3}));
  EXPECT_EQ(remaining(loader), (std::vector<Numbers>{{4, 5, 6, 7}, {8, 9}}));
  EXPECT_FALSE(loader.next().has_value());
}

TEST(DataLoader, shuffles_by_seed_and_epoch_alone) {
  const Numbers order = epoch_order(1, 1);
  Numbers sorted = order;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(sorted, first_numbers(50));
  EXPECT_NE(order, sorted);
  EXPECT_EQ(epoch_order(1, 1), order);
  EXPECT_NE(epoch_order(1, 2), order);
  EXPECT_NE(epoch_order(2, 1), order);

  DataLoader other(std::make_shared<Counting>(50),
                   {.batch_size = 3, .shuffle = true, .seed = 1, .prefetch = 0});
  other.start_epoch(7);
  other.next();
  other.start_epoch(1);
  EXPECT_EQ(flat(remaining(other)), order);
}

TEST(DataLoader, shuffles_evenly) {
  constexpr int kEpochs = 3000;
  int first[3] = {};
  for (int epoch = 0; epoch < kEpochs; ++epoch) {
    ++first[static_cast<std::size_t>(epoch_order(5, epoch, 3).front())];
  }
  for (const int count : first) EXPECT_NEAR(count, kEpochs / 3, 150);  // about six sigma
}

TEST(DataLoader, goes_on_from_a_state) {
  const DataLoaderOptions options = {.batch_size = 7, .shuffle = true, .seed = 3};
  for (std::int64_t done = 0; done <= 8; ++done) {
    DataLoader one(std::make_shared<Counting>(50), options);
    one.start_epoch(4);
    for (std::int64_t i = 0; i < done; ++i) one.next();
    EXPECT_EQ(one.state().epoch, 4);
    EXPECT_EQ(one.state().batch, done);
    DataLoader other(std::make_shared<Counting>(50), options);
    other.restore(one.state());
    EXPECT_EQ(remaining(other), remaining(one)) << done;
  }
}

TEST(DataLoader, refuses_a_state_outside_the_epoch) {
  DataLoader loader(std::make_shared<Counting>(10), {.batch_size = 4});
  EXPECT_THROW(loader.restore({1, 4}), ValueError);
  EXPECT_THROW(loader.restore({1, -1}), ValueError);
  EXPECT_NO_THROW(loader.restore({1, 3}));
  EXPECT_FALSE(loader.next().has_value());
}

TEST(DataLoader, leaves_out_a_ragged_batch_when_told) {
  DataLoader loader(std::make_shared<Counting>(10), {.batch_size = 4, .drop_last = true});
  loader.start_epoch(1);
  EXPECT_EQ(loader.batches(), 2);
  EXPECT_EQ(flat(remaining(loader)), first_numbers(8));
}

TEST(DataLoader, takes_batches_larger_than_the_data) {
  for (const std::int64_t size : {std::int64_t{11}, std::int64_t{INT64_MAX}}) {
    DataLoader loader(std::make_shared<Counting>(10), {.batch_size = size});
    loader.start_epoch(1);
    EXPECT_EQ(remaining(loader), std::vector<Numbers>{first_numbers(10)});
    EXPECT_EQ(DataLoader(std::make_shared<Counting>(10), {.batch_size = size, .drop_last = true})
                  .batches(),
              0);
  }
}

TEST(DataLoader, has_no_batches_of_nothing_and_refuses_batches_of_none) {
  DataLoader empty(std::make_shared<Counting>(0), {.batch_size = 4});
  empty.start_epoch(1);
  EXPECT_FALSE(empty.next().has_value());
  EXPECT_THROW(DataLoader(std::make_shared<Counting>(4), {.batch_size = 0}), ValueError);
}

TEST(DataLoader, fetches_no_further_ahead_than_told) {
  for (const std::int64_t prefetch : {0, 1, 5}) {
    const auto counting = std::make_shared<Counting>(100);
    {
      DataLoader loader(counting, {.batch_size = 1, .prefetch = prefetch});
      loader.start_epoch(1);
      loader.next();
    }  // waits for what is in the making
    EXPECT_EQ(counting->taken, 1 + prefetch);
  }
}

TEST(DataLoader, errors_of_the_data_come_out_of_next) {
  for (const std::int64_t prefetch : {0, 2}) {
    DataLoader loader(std::make_shared<Counting>(10, 5), {.batch_size = 2, .prefetch = prefetch});
    loader.start_epoch(1);
    loader.next();
    EXPECT_EQ(loader.next()->input.to_vector<std::int64_t>(), (Numbers{2, 3}));
    EXPECT_THROW(loader.next(), ValueError);
    EXPECT_EQ(loader.state().batch, 3);
    EXPECT_EQ(flat(remaining(loader)), (Numbers{6, 7, 8, 9}));
  }
}

TEST(DataLoader, may_be_destroyed_at_any_time) {
  DataLoader loader(std::make_shared<Counting>(100, 3), {.batch_size = 2, .prefetch = 8});
  loader.start_epoch(1);
  loader.next();
}

TEST(Wrappers, compose) {
  const auto negated =
      std::make_shared<Transformed>(std::make_shared<Counting>(10), [](const Example& e) {
        return Example{full({1}, -e.input.item<std::int64_t>()), e.target};
      });
  const auto odd = std::make_shared<Subset>(negated, Numbers{9, 7, 5});
  const auto two = Subset::first(odd, 2);
  EXPECT_EQ(two->size(), 2);
  EXPECT_EQ(two->get(1).input.item<std::int64_t>(), -7);
  DataLoader loader(two, {.batch_size = 2});
  loader.start_epoch(1);
  EXPECT_EQ(remaining(loader), (std::vector<Numbers>{{-9, -7}}));
  EXPECT_EQ(Subset::first(odd, 10), odd);
}

TEST(Wrappers, refuse_examples_that_are_not_there) {
  const auto three = std::make_shared<Counting>(3);
  EXPECT_THROW(Subset(three, {0, 3}), ValueError);
  EXPECT_THROW(Subset(three, {-1}), ValueError);
  const Subset one(three, {2});
  EXPECT_THROW((void)one.get(1), ValueError);
  const std::int64_t outside[] = {0, 1};
  EXPECT_THROW((void)one.get_batch(outside), ValueError);
  EXPECT_THROW((void)three->get_batch({}), ValueError);
}

TEST(TensorDataset, pairs_rows) {
  const TensorDataset data(tensor({{1, 2}, {3, 4}}), tensor({5, 6}));
  EXPECT_EQ(data.size(), 2);
  EXPECT_EQ(data.get(1).input.to_vector<std::int64_t>(), (Numbers{3, 4}));
  EXPECT_EQ(data.get(1).target.item<std::int64_t>(), 6);
  EXPECT_THROW((void)data.get(2), ValueError);
  EXPECT_THROW(TensorDataset(tensor({1, 2}), tensor({1})), ShapeError);
}

TEST(Dataset, refuses_batches_of_different_shapes) {
  const Transformed ragged(std::make_shared<Counting>(2), [](const Example& e) {
    return Example{zeros({e.input.item<std::int64_t>() + 1}), e.target};
  });
  const std::int64_t both[] = {0, 1};
  EXPECT_THROW((void)ragged.get_batch(both), ShapeError);
}

}  // namespace
}  // namespace gradus::data
