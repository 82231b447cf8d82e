package glimt.bundle;

import glimt.model.NumberFormat;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** The number format that a network computes in. Its inputs and outputs are always float32. */
public enum Precision {
  /**
   * Four times as fast as float32 on processors that multiply it natively; relative error near 1 %.
   */
  BFLOAT16(15, "BFloat16Storage", Safetensors.Dtype.BF16),
  /** The reference precision, supported by every processor. */
  FLOAT32(6, "FloatStorage", Safetensors.Dtype.F32),
  /** As small as bfloat16 and finer, but values above 65,504 overflow. For GPUs. */
  FLOAT16(5, "HalfStorage", Safetensors.Dtype.F16);

  /** PyTorch's number for the format (c10::ScalarType). */
  final int scalarType;

  final String storage;
  final Safetensors.Dtype dtype;

  Precision(int scalarType, String storage, Safetensors.Dtype dtype) {
    this.scalarType = scalarType;
    this.storage = storage;
    this.dtype = dtype;
  }

  /** The same of a card, which calls it by another class. */
  public static Precision of(NumberFormat format) {
    return switch (format) {
      case FLOAT32 -> FLOAT32;
      case BFLOAT16 -> BFLOAT16;
      case FLOAT16 -> FLOAT16;
    };
  }

  /** How files keep it. */
  public Safetensors.Dtype dtype() {
    return dtype;
  }

  /** The format in which weights stay in memory: this one, or int8 if they are quantised. */
  Safetensors.Dtype keeps(Safetensors.Dtype stored) {
    return stored == Safetensors.Dtype.I8 ? stored : dtype;
  }

  /** The format in which this machine's processor is fastest. */
  public static Precision ofThisProcessor() {
    try {
      String flags = Files.readString(Path.of("/proc/cpuinfo"), StandardCharsets.US_ASCII);
      return flags.contains("avx512_bf16") || flags.contains("amx_bf16") ? BFLOAT16 : FLOAT32;
    } catch (IOException _) {
      return FLOAT32; // not Linux, so the instructions are unknown
    }
  }
}
