#include "framework/tensor/tensor.h"
#include "framework/kernels/elementwise.h"

namespace gradus {

namespace {

// Also bounds the strides, in which a size of 0 counts as 1.
std::size_t checked_bytes(const Shape& sizes, DType dtype) {
  auto most = static_cast<std::int64_t>(size_of(dtype));
  for (const std::int64_t size : sizes) {
    if (__builtin_mul_overflow(most, std::max<std::int64_t>(size, 1), &most)) {
      throw ShapeError("a tensor of shape " + to_string(sizes) + " is larger than any memory");
    }
  }
  return static_cast<std::size_t>(sizes.numel()) * size_of(dtype);
}

}  // namespace

Tensor::Tensor(const Shape& sizes, DType dtype, MemoryFormat format) {
  for (const std::int64_t size : sizes) {
    if (size < 0) throw ShapeError("a size is negative: " + to_string(sizes));
  }
  const bool channels_last = format == MemoryFormat::ChannelsLast;
  if (channels_last && sizes.size() != 4) {
    throw ShapeError("channels-last memory needs 4 dims, got " + to_string(sizes));
  }
  const std::size_t bytes = checked_bytes(sizes, dtype);
  try {
    impl_ = make_ref<TensorImpl>(
        make_ref<Storage>(bytes), 0, sizes,
        channels_last ? channels_last_strides(sizes) : contiguous_strides(sizes), dtype);
  } catch (const std::bad_alloc&) {
    throw MemoryError("no memory for a " + std::string(name_of(dtype)) + " tensor of shape " +
                      to_string(sizes) + " (" + std::to_string(bytes) + " bytes)");
  }
}

void Tensor::throw_undefined() {
  throw StateError("the tensor is undefined (it was never given a value)");
}

std::int64_t Tensor::size(int dim) const {
  return sizes()[normalize_dim(dim, sizes().size())];
}

std::int64_t Tensor::stride(int dim) const {
  return strides()[normalize_dim(dim, sizes().size())];
}

bool Tensor::is_contiguous(MemoryFormat format) const {
  if (format == MemoryFormat::Contiguous) return gradus::is_contiguous(sizes(), strides());
  if (dim() != 4) return false;
  const Shape& s = sizes();
  const Strides& t = strides();
  return gradus::is_contiguous({s[0], s[2], s[3], s[1]}, {t[0], t[2], t[3], t[1]});
}

std::size_t Tensor::nbytes() const {
  return static_cast<std::size_t>(numel()) * size_of(dtype());
}

kernels::View Tensor::raw() const {
  const TensorImpl& impl = checked();
  const auto bytes = impl.offset * static_cast<std::int64_t>(size_of(impl.dtype));
  return {static_cast<char*>(impl.storage->data()) + bytes, impl.dtype, impl.sizes, impl.strides};
}

void Tensor::expect_dtype(DType wanted) const {
  if (dtype() == wanted) return;
  throw DTypeError("data_ptr: the tensor holds " + std::string(name_of(dtype())) + ", not " +
                   std::string(name_of(wanted)) + "; convert it with .to(...)");
}

long double Tensor::item_value() const {
  if (numel() != 1) {
    throw ShapeError("item: needs a tensor with one element, got shape " + to_string(sizes()));
  }
  return kernels::dispatch(dtype(), [&]<class T>(T) {
    return static_cast<long double>(static_cast<Compute<T>>(*raw().as<T>()));
  });
}

Tensor alias(const Tensor& tensor, const Shape& sizes, const Strides& strides,
             std::int64_t offset) {
  const TensorImpl& impl = *tensor.impl();
  return Tensor(make_ref<TensorImpl>(impl.storage, offset, sizes, strides, impl.dtype));
}

Tensor Tensor::detach() const {
  const TensorImpl& impl = checked();
  return alias(*this, impl.sizes, impl.strides, impl.offset);
}

int normalize_dim(int dim, int dims) {
  const int range = std::max(dims, 1);
  if (dim < -range || dim >= range) {
    throw ShapeError("dim " + std::to_string(dim) + " is out of range for a tensor of " +
                     std::to_string(dims) + " dims (expected " + std::to_string(-range) + " to " +
                     std::to_string(range - 1) + ")");
  }
  return dim < 0 ? dim + range : dim;
}

}  // namespace gradus
