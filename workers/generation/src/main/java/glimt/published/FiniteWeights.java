package glimt.published;

import glimt.bundle.BundleException;
import glimt.bundle.Origin;
import glimt.bundle.Safetensors.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;

/**
 * Looks for values of weights that are no finite numbers: with one of them, all that a network
 * makes is none. Eight bytes are looked at at a time, so that it costs no more than to read the
 * file.
 */
final class FiniteWeights {
  private static final ValueLayout.OfLong WORD =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private FiniteWeights() {}

  /**
   * Refuses what is not finite.
   *
   * @param origin names the tensor
   * @throws BundleException naming file, tensor and value
   */
  static void check(String file, Origin origin, Tensor tensor) {
    long place = first(tensor);
    if (place >= 0) {
      throw new BundleException(
          "%s: tensor %s is damaged: value %s of %s is %s"
              .formatted(
                  file,
                  origin.tensor(),
                  place,
                  tensor.values().byteSize() / tensor.dtype().bytes,
                  one(tensor, place)));
    }
  }

  /** The place of the first value that is NaN or infinite; -1 if there is none. */
  private static long first(Tensor tensor) {
    // Of such values, and of no others, all bits of the exponent are set.
    long exponents =
        switch (tensor.dtype()) {
          case F32 -> 0x7f800000_7f800000L;
          case F16 -> 0x7c00_7c00_7c00_7c00L;
          case BF16 -> 0x7f80_7f80_7f80_7f80L;
          case I8, I32, I64, U8, BOOL -> 0;
        };
    if (exponents == 0) {
      return -1;
    }
    // One in each lane of a word, from which its highest bit borrows if the lane is 0.
    long ones = tensor.dtype().bytes == 4 ? 0x00000001_00000001L : 0x0001_0001_0001_0001L;
    long tops = ones << (8 * tensor.dtype().bytes - 1);
    MemorySegment values = tensor.values();
    long size = values.byteSize();
    long at = 0;
    for (; at + 8 <= size; at += 8) {
      long missing = ~values.get(WORD, at) & exponents;
      if (((missing - ones) & ~missing & tops) != 0) {
        break;
      }
    }
    for (long place = at / tensor.dtype().bytes; place < size / tensor.dtype().bytes; place++) {
      if (!Float.isFinite(one(tensor, place))) {
        return place;
      }
    }
    return -1;
  }

  private static float one(Tensor tensor, long place) {
    int bytes = tensor.dtype().bytes;
    return new Tensor(tensor.dtype(), List.of(), tensor.values().asSlice(place * bytes, bytes))
        .floats()[0];
  }
}
