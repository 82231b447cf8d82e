package glimt.bundle;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** The number format a network computes in; what goes in and out of it is always 32-bit. */
public enum Precision {
  /** Four times as fast where the processor multiplies it natively; a relative error near 1 %. */
  BFLOAT16(15, "BFloat16Storage", Safetensors.Dtype.BF16),
  FLOAT32(6, "FloatStorage", Safetensors.Dtype.F32);

  /** PyTorch's own number for the format (c10::ScalarType). */
  final int scalarType;

  final String storage;
  final Safetensors.Dtype dtype;

  Precision(int scalarType, String storage, Safetensors.Dtype dtype) {
    this.scalarType = scalarType;
    this.storage = storage;
    this.dtype = dtype;
  }

  /** What this machine's processor is fastest in. */
  public static Precision ofThisProcessor() {
    try {
      String flags = Files.readString(Path.of("/proc/cpuinfo"), StandardCharsets.US_ASCII);
      return flags.contains("avx512_bf16") || flags.contains("amx_bf16") ? BFLOAT16 : FLOAT32;
    } catch (IOException _) {
      return FLOAT32; // no Linux: nothing is known, and every processor has 32 bits
    }
  }
}
