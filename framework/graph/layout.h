// Where the boxes and lines of a picture go: a layered drawing, top to bottom (after Sugiyama,
// Tagawa and Toda). Each box lies below all it is made of; the order within a layer keeps lines
// from crossing, and lines pass beside boxes and labels, never through them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace gradus::layout {

struct Box {
  double width = 0;
  double height = 0;
  double x = 0;  ///< its centre; set by arrange()
  double y = 0;
};

struct Line {
  std::size_t from = 0;
  std::size_t to = 0;
  double label_width = 0;  ///< 0 for no label
  double label_height = 0;
  bool is_main = false;  ///< to be drawn straight before others
  double label_x = 0;    ///< the label's centre; set by arrange(), as is the next
  double label_y = 0;
  std::string path;  ///< as the "d" of an SVG path
};

struct Drawing {
  std::vector<Box> boxes;
  std::vector<Line> lines;  ///< without cycles
  double width = 0;
  double height = 0;
};

/// Sets all positions. The same drawing always gets the same ones.
void arrange(Drawing& drawing);

}  // namespace gradus::layout
