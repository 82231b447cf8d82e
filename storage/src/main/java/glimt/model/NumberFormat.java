package glimt.model;

/** A format of numbers in which a network's weights are kept and it computes. */
public enum NumberFormat {
  /** The reference, of 4 bytes. */
  FLOAT32,
  /** Of 2 bytes, with the range of float32 and 8 bits of precision. */
  BFLOAT16,
  /** Of 2 bytes, with 11 bits of precision; values above 65,504 overflow (IEEE 754). */
  FLOAT16
}
