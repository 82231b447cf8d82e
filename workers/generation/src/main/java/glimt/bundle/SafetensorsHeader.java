package glimt.bundle;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.bundle.Safetensors.Dtype;
import glimt.bundle.Safetensors.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The header of a safetensors file, which lists the tensors and their positions.
 *
 * @param length the number of bytes before the first value
 * @param entries the tensors in the order of their bytes
 */
record SafetensorsHeader(long length, List<TensorEntry> entries, Map<String, String> metadata) {
  private static final long LONGEST = 16 << 20;
  private static final ValueLayout.OfLong LENGTH =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final String METADATA = "__metadata__";
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
          .build();

  static SafetensorsHeader of(Safetensors file) {
    List<TensorEntry> entries = new ArrayList<>();
    long end = 0;
    for (Map.Entry<String, Tensor> named : file.tensors().entrySet()) {
      Tensor tensor = named.getValue();
      long begin = end;
      end += tensor.values().byteSize();
      entries.add(new TensorEntry(named.getKey(), tensor.dtype(), tensor.shape(), begin, end));
    }
    return new SafetensorsHeader(0, entries, file.metadata());
  }

  /**
   * Reads the header of a file and checks it against the file: each tensor has the size of its
   * shape, tensors follow one another without gaps, and the file ends with the last one.
   *
   * @param file the name of the file, for error messages
   * @param whole the file's bytes
   */
  static SafetensorsHeader of(String file, MemorySegment whole) {
    if (whole.byteSize() < 8) {
      throw Safetensors.bad(
          file, "it is too short to contain a header length; the file may be truncated");
    }
    long size = whole.get(LENGTH, 0);
    if (size < 2 || size > Math.min(LONGEST, whole.byteSize() - 8)) {
      throw Safetensors.bad(
          file, "its header length " + size + " is not possible in a file of this size");
    }
    byte[] json = whole.asSlice(8, size).toArray(ValueLayout.JAVA_BYTE);
    SafetensorsHeader header = parse(file, 8 + size, new String(json, StandardCharsets.UTF_8));
    header.fit(file, whole.byteSize() - 8 - size);
    return header;
  }

  private void fit(String file, long values) {
    long end = 0;
    for (TensorEntry entry : entries) {
      if (entry.begin != end) {
        throw Safetensors.bad(
            file,
            "tensor %s begins at byte %s where %s is expected: tensors overlap or leave a gap"
                .formatted(entry.name, entry.begin, end));
      }
      end = entry.end;
      if (end > values) {
        throw Safetensors.bad(
            file,
            "tensor %s ends at byte %s but the file holds only %s bytes of values"
                .formatted(entry.name, end, values));
      }
    }
    if (end != values) {
      throw Safetensors.bad(file, (values - end) + " bytes follow its last tensor");
    }
  }

  private static SafetensorsHeader parse(String file, long length, String json) {
    if (!(read(file, json) instanceof ObjectNode header)) {
      throw Safetensors.bad(file, "its header is not a JSON object");
    }
    Map<String, String> metadata = new LinkedHashMap<>();
    List<TensorEntry> entries = new ArrayList<>();
    header
        .properties()
        .forEach(
            field -> {
              if (field.getKey().equals(METADATA)) {
                field
                    .getValue()
                    .properties()
                    .forEach(m -> metadata.put(m.getKey(), m.getValue().asText()));
              } else {
                entries.add(TensorEntry.of(file, field.getKey(), field.getValue()));
              }
            });
    entries.sort(Comparator.comparingLong(TensorEntry::begin).thenComparingLong(TensorEntry::end));
    return new SafetensorsHeader(length, entries, metadata);
  }

  /**
   * The JSON of the header, padded with spaces so that the values start at a multiple of eight
   * bytes.
   */
  byte[] bytes() {
    ObjectNode header = JSON.createObjectNode();
    if (!metadata.isEmpty()) {
      ObjectNode strings = header.putObject(METADATA);
      metadata.entrySet().stream()
          .sorted(Map.Entry.comparingByKey())
          .forEach(entry -> strings.put(entry.getKey(), entry.getValue()));
    }
    for (TensorEntry entry : entries) {
      ObjectNode node = header.putObject(entry.name);
      node.put("dtype", entry.dtype.name());
      entry.shape.forEach(node.putArray("shape")::add);
      node.putArray("data_offsets").add(entry.begin).add(entry.end);
    }
    byte[] json = header.toString().getBytes(StandardCharsets.UTF_8);
    byte[] padded = Arrays.copyOf(json, (json.length + 7) / 8 * 8);
    Arrays.fill(padded, json.length, padded.length, (byte) ' ');
    return padded;
  }

  private static JsonNode read(String file, String json) {
    try {
      return JSON.readTree(json);
    } catch (JsonProcessingException broken) {
      throw new BundleException(
          file
              + " is not a valid safetensors file: its header is not valid JSON: "
              + broken.getOriginalMessage(),
          broken);
    }
  }

  /**
   * The position of a tensor.
   *
   * @param begin the offset of its first byte from the first value of the file
   * @param end the offset after its last byte
   */
  record TensorEntry(String name, Dtype dtype, List<Long> shape, long begin, long end) {
    static TensorEntry of(String file, String name, JsonNode node) {
      Dtype dtype;
      try {
        dtype = Dtype.valueOf(node.path("dtype").asText());
      } catch (IllegalArgumentException _) {
        throw Safetensors.bad(
            file,
            "tensor %s has dtype %s, which is not one of %s"
                .formatted(name, node.path("dtype"), Arrays.toString(Dtype.values())));
      }
      List<Long> shape = whole(file, name, node, "shape");
      List<Long> offsets = whole(file, name, node, "data_offsets");
      if (offsets.size() != 2 || offsets.get(0) > offsets.get(1)) {
        throw Safetensors.bad(file, "tensor " + name + " has the invalid data_offsets " + offsets);
      }
      long length = offsets.get(1) - offsets.get(0);
      long needed;
      try {
        needed = Math.multiplyExact(Safetensors.count(shape), (long) dtype.bytes);
      } catch (ArithmeticException _) {
        throw Safetensors.bad(file, "tensor " + name + " has the impossible shape " + shape);
      }
      if (needed != length) {
        throw Safetensors.bad(
            file,
            "tensor %s of shape %s needs %s bytes, but its data_offsets span %s"
                .formatted(name, shape, needed, length));
      }
      return new TensorEntry(name, dtype, shape, offsets.get(0), offsets.get(1));
    }

    private static List<Long> whole(String file, String name, JsonNode node, String field) {
      JsonNode array = node.path(field);
      List<Long> out = new ArrayList<>();
      for (JsonNode item : array) {
        if (!item.canConvertToLong() || !item.isIntegralNumber() || item.longValue() < 0) {
          throw Safetensors.bad(
              file, "tensor %s has the invalid %s %s".formatted(name, field, array));
        }
        out.add(item.longValue());
      }
      if (!array.isArray()) {
        throw Safetensors.bad(file, "tensor " + name + " has no " + field);
      }
      return out;
    }
  }
}
