#include "datasets/npy.h"
#include "framework/kernels/dtype.h"
#include "framework/train/file.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>

namespace gradus::data {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::int64_t kMostBytes = INT64_MAX / 8;  // also where a byte becomes an int64

struct Header {
  std::string descr;
  bool fortran_order = false;
  Shape shape;
};

// Reads the dict of the header, and nothing but it.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  Header parse() {
    expect('{');
    while (!next_is('}')) {
      entry();
      if (!next_is(',')) {
        expect('}');
        break;
      }
    }
    skip_spaces();
    if (at_ + 1 != text_.size() || text_[at_] != '\n') refuse("text behind its dict");
    if (!descr_ || !fortran_order_ || !shape_) {
      refuse("it needs 'descr', 'fortran_order' and 'shape'");
    }
    return {*descr_, *fortran_order_, *shape_};
  }

 private:
  [[noreturn]] void refuse(const std::string& reason) const {
    throw FileError(name_ + ": no sound .npy header: " + reason);
  }

  void skip_spaces() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool next_is(char c) {
    skip_spaces();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!next_is(c)) refuse(std::string("expected '") + c + "' at " + std::to_string(at_));
  }

  void entry() {
    const std::string key = string();
    expect(':');
    if (key == "descr" && !descr_) {
      skip_spaces();
      if (at_ < text_.size() && text_[at_] == '[') refuse("structured arrays are not supported");
      descr_ = string();
    } else if (key == "fortran_order" && !fortran_order_) {
      fortran_order_ = boolean();
    } else if (key == "shape" && !shape_) {
      shape_ = shape();
    } else {
      refuse("unexpected key '" + key + "'");
    }
  }

  std::string string() {
    skip_spaces();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    if (quote != '\'' && quote != '"') refuse("expected a string at " + std::to_string(at_));
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) refuse("a string does not end");
    std::string value(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return value;
  }

  bool boolean() {
    skip_spaces();
    for (const bool value : {false, true}) {
      const std::string_view word = value ? "True" : "False";
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return value;
      }
    }
    refuse("fortran_order is neither True nor False");
  }

  Shape shape() {
    Shape sizes;
    expect('(');
    while (!next_is(')')) {
      std::int64_t size = -1;
      skip_spaces();
      const char* end = text_.data() + text_.size();
      const auto [last, error] = std::from_chars(text_.data() + at_, end, size);
      if (error != std::errc() || size < 0) refuse("a size of the shape is no number");
      at_ = static_cast<std::size_t>(last - text_.data());
      if (sizes.size() == kMaxDims) refuse("more than " + std::to_string(kMaxDims) + " dims");
      sizes.push_back(size);
      if (next_is(',')) continue;
      expect(')');
      if (sizes.size() == 1) refuse("a shape of one size ends in a comma");
      break;
    }
    return sizes;
  }

  std::string_view text_;
  const std::string& name_;
  std::size_t at_ = 0;
  std::optional<std::string> descr_;
  std::optional<bool> fortran_order_;
  std::optional<Shape> shape_;
};

template <class T>
T load(const char* bytes, bool swapped) {
  std::array<char, sizeof(T)> own;
  std::memcpy(own.data(), bytes, sizeof(T));
  if (swapped) std::reverse(own.begin(), own.end());
  return std::bit_cast<T>(own);
}

float half_to_float(std::uint16_t half) {
  const int exponent = half >> 10U & 0x1FU;
  const auto mantissa = static_cast<float>(half & 0x3FFU);
  const float magnitude = exponent == 31  ? (mantissa == 0 ? INFINITY : NAN)
                          : exponent == 0 ? std::ldexp(mantissa, -24)
                                          : std::ldexp(mantissa + 1024, exponent - 25);
  return (half & 0x8000U) != 0 ? -magnitude : magnitude;
}

// One kind of elements: how many bytes each has, and how a tensor of them is filled.
struct ElementType {
  std::size_t bytes;
  DType dtype;
  void (*fill)(const Tensor& to, const char* from, bool swapped, const std::string& name);
};

template <class From, class To>
constexpr ElementType element_type() {
  return {sizeof(From), kDTypeOf<To>,
          [](const Tensor& to, const char* from, bool swapped, const std::string& name) {
            To* data = to.data_ptr<To>();
            for (std::int64_t i = 0; i < to.numel(); ++i, from += sizeof(From)) {
              const From value = load<From>(from, swapped);
              if constexpr (std::is_same_v<From, std::uint64_t>) {
                if (value > INT64_MAX) throw FileError(name + ": a u8 is too large for int64");
              }
              data[i] = static_cast<To>(value);
            }
          }};
}

constexpr ElementType kBooleans = {
    1, kBool, [](const Tensor& to, const char* from, bool /*swapped*/, const std::string& name) {
      for (std::int64_t i = 0; i < to.numel(); ++i) {
        if (from[i] != 0 && from[i] != 1) throw FileError(name + ": a bool is neither 0 nor 1");
        to.data_ptr<bool>()[i] = from[i] != 0;
      }
    }};

constexpr ElementType kHalves = {
    2, kFloat32, [](const Tensor& to, const char* from, bool swapped, const std::string& /*name*/) {
      for (std::int64_t i = 0; i < to.numel(); ++i) {
        to.data_ptr<float>()[i] = half_to_float(load<std::uint16_t>(from + 2 * i, swapped));
      }
    }};

std::optional<ElementType> type_of(std::string_view kind) {
  if (kind == "b1") return kBooleans;
  if (kind == "u1") return element_type<std::uint8_t, std::uint8_t>();
  if (kind == "i1") return element_type<std::int8_t, std::int64_t>();
  if (kind == "i2") return element_type<std::int16_t, std::int64_t>();
  if (kind == "i4") return element_type<std::int32_t, std::int64_t>();
  if (kind == "i8") return element_type<std::int64_t, std::int64_t>();
  if (kind == "u2") return element_type<std::uint16_t, std::int64_t>();
  if (kind == "u4") return element_type<std::uint32_t, std::int64_t>();
  if (kind == "u8") return element_type<std::uint64_t, std::int64_t>();
  if (kind == "f2") return kHalves;
  if (kind == "f4") return element_type<float, float>();
  if (kind == "f8") return element_type<double, double>();
  return {};
}

// The header, and where the elements begin.
Header read_header(std::string_view bytes, const std::string& name, std::size_t* begin) {
  const auto refuse = [&](const std::string& reason) {
    throw FileError(name + ": no sound .npy file: " + reason);
  };
  if (!bytes.starts_with(kMagic) || bytes.size() < 8) refuse("wrong magic number");
  const int major = static_cast<unsigned char>(bytes[6]);
  const int minor = static_cast<unsigned char>(bytes[7]);
  if (major < 1 || major > 3 || minor != 0) {
    refuse("version " + std::to_string(major) + "." + std::to_string(minor) +
           ", expected 1.0, 2.0 or 3.0");
  }
  const std::size_t width = major == 1 ? 2 : 4;
  if (bytes.size() < 8 + width) refuse("it ends within the length of its header");
  std::size_t length = 0;
  for (std::size_t i = width; i-- > 0;) {
    length = length << 8U | static_cast<unsigned char>(bytes[8 + i]);
  }
  *begin = 8 + width + length;
  if (*begin > bytes.size()) refuse("it ends within its header");
  return HeaderParser(bytes.substr(8 + width, length), name).parse();
}

}  // namespace

Tensor parse_npy(std::string_view bytes, const std::string& name) {
  std::size_t begin = 0;
  const Header header = read_header(bytes, name, &begin);
  const std::string& descr = header.descr;
  const char order = descr.empty() ? '\0' : descr[0];
  const auto type = type_of(std::string_view(descr).substr(std::min<std::size_t>(1, descr.size())));
  const bool ordered = order == '<' || order == '>' || (order == '|' && type && type->bytes == 1);
  if (!type || !ordered) {
    throw FileError(name + ": elements of type '" + descr +
                    "', expected booleans, integers or floating numbers such as '<f4'");
  }
  auto span = static_cast<std::int64_t>(type->bytes);  // sizes of 0 as 1: strides must fit, too
  bool is_empty = false;
  for (const std::int64_t size : header.shape) {
    is_empty = is_empty || size == 0;
    if (__builtin_mul_overflow(span, std::max<std::int64_t>(size, 1), &span) || span > kMostBytes) {
      throw FileError(name + ": shape " + to_string(header.shape) + " is larger than any file");
    }
  }
  const std::uint64_t expected = is_empty ? 0 : static_cast<std::uint64_t>(span);
  if (expected != bytes.size() - begin) {
    throw FileError(name + ": " + std::to_string(bytes.size() - begin) +
                    " bytes of elements, but shape " + to_string(header.shape) + " of '" + descr +
                    "' takes " + std::to_string(expected));
  }
  Shape stored = header.shape;
  if (header.fortran_order) std::reverse(stored.begin(), stored.end());
  const Tensor result(stored, type->dtype);
  const bool swapped = (order == '>') == (std::endian::native == std::endian::little);
  type->fill(result, bytes.data() + begin, swapped && order != '|', name);
  if (!header.fortran_order || stored.size() < 2) return result;
  Shape dims = stored;
  for (int d = 0; d < dims.size(); ++d) dims[d] = dims.size() - 1 - d;
  return result.permute(dims).contiguous();
}

Tensor read_npy(const std::filesystem::path& path) {
  return parse_npy(read_file(path), path.string());
}

}  // namespace gradus::data
