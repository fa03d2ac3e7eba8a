#include "framework/graph/layout.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <numeric>

namespace gradus::layout {
namespace {

constexpr double kGapX = 28;      // between neighbours in a layer
constexpr double kGapY = 26;      // between layers
constexpr double kPort = 14;      // between the ends of two lines at one box
constexpr double kMargin = 24;    // around everything
constexpr int kLongest = 120;     // layers; a longer line is drawn straight
constexpr int kOrderSweeps = 24;  // fewer where there are many items
constexpr int kPlaceSweeps = 24;

// Moves `wanted` as little as possible (in the sum of weighted squares) so that neighbours keep
// their `distance`: isotonic regression by pooling adjacent violators.
std::vector<double> separate(const std::vector<double>& wanted, const std::vector<double>& weights,
                             const std::vector<double>& distance) {
  struct Block {
    double sum;
    double weight;
    std::size_t count;
    [[nodiscard]] double mean() const { return sum / weight; }
  };
  std::vector<Block> blocks;
  double shift = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (i > 0) shift += distance[i - 1];
    blocks.push_back({(wanted[i] - shift) * weights[i], weights[i], 1});
    while (blocks.size() > 1 && blocks[blocks.size() - 2].mean() >= blocks.back().mean()) {
      const Block last = blocks.back();
      blocks.pop_back();
      blocks.back().sum += last.sum;
      blocks.back().weight += last.weight;
      blocks.back().count += last.count;
    }
  }
  std::vector<double> result;
  shift = 0;
  for (const Block& block : blocks) {
    for (std::size_t k = 0; k < block.count; ++k) {
      if (!result.empty()) shift += distance[result.size() - 1];
      result.push_back(block.mean() + shift);
    }
  }
  return result;
}

// A box, or the place where a line passes a layer.
struct Item {
  double width = 0;
  double height = 0;
  std::size_t layer = 0;
  bool is_box = false;
  double x = 0;
  std::size_t place = 0;  // in its layer
  struct Neighbour {
    std::size_t item;
    double weight;
  };
  std::vector<Neighbour> above, below;
};

class Layers {
 public:
  explicit Layers(Drawing& drawing) : drawing_(drawing) {
    rank_boxes();
    make_items();
    order();
    place();
    draw();
  }

 private:
  using Layer = std::vector<std::size_t>;

  // The longest path from the top; then everything that pulls down as much as up goes down.
  void rank_boxes() {
    const std::size_t count = drawing_.boxes.size();
    std::vector<std::vector<std::size_t>> out(count);
    std::vector<std::size_t> waiting(count);
    std::vector<std::size_t> inputs(count);
    for (const Line& line : drawing_.lines) {
      out[line.from].push_back(line.to);
      ++waiting[line.to];
    }
    inputs = waiting;
    std::vector<std::size_t> ready;
    for (std::size_t i = 0; i < count; ++i) {
      if (waiting[i] == 0) ready.push_back(i);
    }
    rank_.assign(count, 0);
    for (std::size_t next = 0; next < ready.size(); ++next) {
      for (const std::size_t to : out[ready[next]]) {
        rank_[to] = std::max(rank_[to], rank_[ready[next]] + 1);
        if (--waiting[to] == 0) ready.push_back(to);
      }
    }
    for (std::size_t next = ready.size(); next-- > 0;) {
      const std::size_t box = ready[next];
      if (out[box].empty() || inputs[box] > out[box].size()) continue;
      std::size_t lowest = SIZE_MAX;
      for (const std::size_t to : out[box]) lowest = std::min(lowest, rank_[to]);
      rank_[box] = lowest - 1;
    }
    const auto top = std::min_element(rank_.begin(), rank_.end());
    const std::size_t first = top == rank_.end() ? 0 : *top;
    for (std::size_t& rank : rank_) rank -= first;
  }

  std::size_t add_item(std::size_t layer, double width, double height, bool is_box) {
    if (layers_.size() <= layer) layers_.resize(layer + 1);
    Item item;
    item.width = width;
    item.height = height;
    item.layer = layer;
    item.is_box = is_box;
    item.place = layers_[layer].size();
    layers_[layer].push_back(items_.size());
    items_.push_back(std::move(item));
    return items_.size() - 1;
  }

  // Boxes stand in the even layers, labels in the odd ones.
  void make_items() {
    for (std::size_t i = 0; i < drawing_.boxes.size(); ++i) {
      add_item(2 * rank_[i], drawing_.boxes[i].width, drawing_.boxes[i].height, true);
    }
    for (const Line& line : drawing_.lines) {
      std::vector<std::size_t> chain = {line.from};
      const std::size_t end = 2 * rank_[line.to];
      const std::size_t begin = 2 * rank_[line.from];
      const std::size_t first = end - begin > kLongest ? end - 1 : begin + 1;
      for (std::size_t layer = first; layer < end; ++layer) {
        const bool is_label = layer == end - 1;
        chain.push_back(add_item(layer, is_label ? line.label_width : 0,
                                 is_label ? line.label_height : 0, false));
      }
      chain.push_back(line.to);
      for (std::size_t i = 0; i + 1 < chain.size(); ++i) connect(chain[i], chain[i + 1], line);
      chains_.push_back(std::move(chain));
    }
  }

  void connect(std::size_t above, std::size_t below, const Line& line) {
    if (items_[below].layer - items_[above].layer != 1) return;  // too long to follow
    const bool inner = !items_[above].is_box && !items_[below].is_box;
    const double weight = (line.is_main ? 60 : 1) * (inner ? 4 : 1);
    items_[above].below.push_back({below, weight});
    items_[below].above.push_back({above, weight});
  }

  void renumber(const Layer& layer) {
    for (std::size_t i = 0; i < layer.size(); ++i) items_[layer[i]].place = i;
  }

  // Sorts a layer by the mean place of the neighbours on one side; items without any stay.
  void sort_layer(Layer& layer, bool by_above) {
    std::vector<std::pair<double, std::size_t>> keys;
    for (const std::size_t i : layer) {
      const auto& neighbours = by_above ? items_[i].above : items_[i].below;
      double sum = 0;
      for (const Item::Neighbour& each : neighbours) {
        const auto size = static_cast<double>(layers_[items_[each.item].layer].size());
        sum += (static_cast<double>(items_[each.item].place) + 0.5) / size;
      }
      const double own =
          (static_cast<double>(items_[i].place) + 0.5) / static_cast<double>(layer.size());
      keys.emplace_back(neighbours.empty() ? own : sum / static_cast<double>(neighbours.size()), i);
    }
    std::stable_sort(keys.begin(), keys.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (std::size_t i = 0; i < layer.size(); ++i) layer[i] = keys[i].second;
    renumber(layer);
  }

  // By a Fenwick tree over the places of the lower layer.
  std::int64_t crossings(std::size_t upper) const {
    const std::size_t size = layers_[upper + 1].size();
    std::vector<std::int64_t> tree(size + 1);
    std::int64_t seen = 0;
    std::int64_t result = 0;
    for (const std::size_t i : layers_[upper]) {
      std::vector<std::size_t> ends;
      for (const Item::Neighbour& each : items_[i].below) ends.push_back(items_[each.item].place);
      for (const std::size_t end : ends) {
        std::int64_t before = 0;
        for (std::size_t k = end + 1; k > 0; k &= k - 1) before += tree[k];
        result += seen - before;
      }
      for (const std::size_t end : ends) {
        ++seen;
        for (std::size_t k = end + 1; k <= size; k += k & (~k + 1)) ++tree[k];
      }
    }
    return result;
  }

  std::int64_t all_crossings() const {
    std::int64_t result = 0;
    for (std::size_t l = 0; l + 1 < layers_.size(); ++l) result += crossings(l);
    return result;
  }

  void order() {
    std::vector<Layer> best = layers_;
    std::int64_t fewest = all_crossings();
    const int sweeps = items_.size() > 20000 ? 4 : kOrderSweeps;
    for (int sweep = 0; sweep < sweeps && fewest > 0; ++sweep) {
      if (sweep % 2 == 0) {
        for (std::size_t l = layers_.size(); l-- > 0;) sort_layer(layers_[l], false);
      } else {
        for (Layer& layer : layers_) sort_layer(layer, true);
      }
      const std::int64_t found = all_crossings();
      if (found >= fewest) continue;
      fewest = found;
      best = layers_;
    }
    layers_ = std::move(best);
    for (const Layer& layer : layers_) renumber(layer);
  }

  void place_layer(const Layer& layer, bool from_above, bool from_below) {
    std::vector<double> wanted;
    std::vector<double> weights;
    std::vector<double> distance;
    for (std::size_t k = 0; k < layer.size(); ++k) {
      const Item& item = items_[layer[k]];
      double sum = 0;
      double weight = 0;
      const auto pull = [&](const std::vector<Item::Neighbour>& neighbours) {
        for (const Item::Neighbour& each : neighbours) {
          sum += items_[each.item].x * each.weight;
          weight += each.weight;
        }
      };
      if (from_above || item.below.empty()) pull(item.above);
      if (from_below || item.above.empty()) pull(item.below);
      wanted.push_back(weight > 0 ? sum / weight : item.x);
      weights.push_back(weight > 0 ? weight : 0.1);
      if (k > 0) {
        const Item& left = items_[layer[k - 1]];
        const double gap =
            left.is_box || item.is_box || left.width + item.width > 0 ? kGapX : kPort;
        distance.push_back((left.width + item.width) / 2 + gap);
      }
    }
    const std::vector<double> found = separate(wanted, weights, distance);
    for (std::size_t k = 0; k < layer.size(); ++k) items_[layer[k]].x = found[k];
  }

  void place() {
    for (const Layer& layer : layers_) place_layer(layer, true, false);
    for (int sweep = 0; sweep < kPlaceSweeps; ++sweep) {
      const bool both = sweep >= kPlaceSweeps / 2;
      if (sweep % 2 == 0) {
        for (std::size_t l = layers_.size(); l-- > 0;) place_layer(layers_[l], both, true);
      } else {
        for (const Layer& layer : layers_) place_layer(layer, true, both);
      }
    }
  }

  void draw() {
    double left = 0;
    double right = 0;
    for (const Item& item : items_) {
      left = std::min(left, item.x - item.width / 2);
      right = std::max(right, item.x + item.width / 2);
    }
    for (Item& item : items_) item.x += kMargin - left;
    drawing_.width = right - left + 2 * kMargin;
    double y = kMargin;
    for (const Layer& layer : layers_) {
      double height = 0;
      for (const std::size_t i : layer) height = std::max(height, items_[i].height);
      top_.push_back(y);
      bottom_.push_back(y + height);
      y += height + kGapY;
    }
    drawing_.height = y - kGapY + kMargin;
    for (std::size_t i = 0; i < drawing_.boxes.size(); ++i) {
      drawing_.boxes[i].x = items_[i].x;
      drawing_.boxes[i].y = top_[items_[i].layer] + drawing_.boxes[i].height / 2;
    }
    end_x_ = ports(false);
    begin_x_ = ports(true);
    for (std::size_t i = 0; i < chains_.size(); ++i) draw_line(i);
  }

  // Where each line touches its first or last box: as near as can be to where it comes from.
  std::vector<double> ports(bool at_begin) const {
    std::vector<std::vector<std::size_t>> lines(drawing_.boxes.size());
    for (std::size_t i = 0; i < chains_.size(); ++i) {
      lines[at_begin ? chains_[i].front() : chains_[i].back()].push_back(i);
    }
    std::vector<double> result(chains_.size());
    const auto other = [&](std::size_t i) {
      return items_[at_begin ? chains_[i][1] : chains_[i][chains_[i].size() - 2]].x;
    };
    for (std::size_t box = 0; box < lines.size(); ++box) {
      std::vector<std::size_t>& own = lines[box];
      std::stable_sort(own.begin(), own.end(),
                       [&](std::size_t a, std::size_t b) { return other(a) < other(b); });
      const double reach = std::max(0.0, drawing_.boxes[box].width / 2 - kPort);
      const auto count = static_cast<double>(own.size());
      const double step = std::min(kPort, 2 * reach / std::max(1.0, count - 1));
      std::vector<double> wanted;
      for (std::size_t k = 0; k < own.size(); ++k) {
        const double middle = drawing_.boxes[box].x;
        const auto at = static_cast<double>(k);
        const double lowest = middle - reach + at * step;
        const double highest = middle + reach - (count - 1 - at) * step;
        wanted.push_back(std::min(std::max(other(own[k]), lowest), highest));
      }
      const std::vector<double> found = separate(wanted, std::vector<double>(own.size(), 1),
                                                 std::vector<double>(own.size(), step));
      for (std::size_t k = 0; k < own.size(); ++k) result[own[k]] = found[k];
    }
    return result;
  }

  void draw_line(std::size_t i) {
    const std::vector<std::size_t>& chain = chains_[i];
    Line& line = drawing_.lines[i];
    const Box& from = drawing_.boxes[line.from];
    double x = begin_x_[i];
    double y = from.y + from.height / 2;
    char text[160];
    std::snprintf(text, sizeof text, "M%.1f %.1f", x, y);
    line.path = text;
    const auto go = [&](double to_x, double to_y) {
      const double middle = (y + to_y) / 2;
      if (std::fabs(x - to_x) < 0.05) {
        std::snprintf(text, sizeof text, "V%.1f", to_y);
      } else {
        std::snprintf(text, sizeof text, "C%.1f %.1f %.1f %.1f %.1f %.1f", x, middle, to_x, middle,
                      to_x, to_y);
      }
      line.path += text;
      x = to_x;
      y = to_y;
    };
    go(x, bottom_[items_[line.from].layer]);  // past higher neighbours
    for (std::size_t k = 1; k + 1 < chain.size(); ++k) {
      const Item& item = items_[chain[k]];
      go(item.x, top_[item.layer]);
      go(item.x, bottom_[item.layer]);
    }
    const Item& label = items_[chain[chain.size() - 2]];
    line.label_x = label.x;
    line.label_y = (top_[label.layer] + bottom_[label.layer]) / 2;
    const Box& to = drawing_.boxes[line.to];
    go(end_x_[i], to.y - to.height / 2);
  }

  Drawing& drawing_;
  std::vector<std::size_t> rank_;
  std::vector<Item> items_;  // the boxes first
  std::vector<Layer> layers_;
  std::vector<std::vector<std::size_t>> chains_;  // the items of each line
  std::vector<double> top_, bottom_;              // of the layers
  std::vector<double> begin_x_, end_x_;           // of the lines
};

}  // namespace

void arrange(Drawing& drawing) {
  Layers{drawing};
}

}  // namespace gradus::layout
