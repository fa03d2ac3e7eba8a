#include "framework/kernels/elementwise.h"

namespace gradus::kernels {

void copy(const View& out, const View& in) {
  dispatch(out.dtype, [&]<class To>(To) {
    dispatch(in.dtype, [&]<class From>(From) {
      map<To, From>(
          [](From value) {
            if constexpr (std::is_same_v<To, From>) {
              return value;
            } else {
              return static_cast<To>(static_cast<Compute<From>>(value));
            }
          },
          out, in);
    });
  });
}

void fill(const View& out, double value) {
  dispatch(out.dtype, [&]<class T>(T) {
    const T typed = static_cast<T>(value);
    map<T>([=] { return typed; }, out);
  });
}

}  // namespace gradus::kernels
