package glimt.media;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.StringTokenizer;

/**
 * Reads the colours of the vertices of the polygon file format (Turk, 1994), whose element must be
 * the first.
 */
final class PlyReader {
  private static final int HEADER_LIMIT = 1 << 16;

  /** A number of each vertex. */
  private record Property(String name, String type) {
    int bytes() {
      return switch (type) {
        case "char", "uchar", "int8", "uint8" -> 1;
        case "short", "ushort", "int16", "uint16" -> 2;
        case "int", "uint", "float", "int32", "uint32", "float32" -> 4;
        case "double", "float64" -> 8;
        default -> throw new MediaException("the PLY has a vertex property of type " + type);
      };
    }
  }

  private PlyReader() {}

  static byte[] colours(byte[] file) {
    String head =
        new String(file, 0, Math.min(HEADER_LIMIT, file.length), StandardCharsets.ISO_8859_1);
    int end = head.indexOf("end_header");
    int body = head.indexOf('\n', Math.max(0, end)) + 1;
    if (end < 0 || body == 0) {
      throw new MediaException("the header of the PLY does not end");
    }
    String format = "";
    String element = "";
    int count = 0;
    List<Property> properties = new ArrayList<>();
    for (String line : head.substring(0, end).split("\\R", -1)) {
      String[] words = line.strip().split(" +", -1);
      switch (words[0]) {
        case "format" -> format = words[1];
        case "element" -> {
          if (element.isEmpty()) {
            if (!words[1].equals("vertex")) {
              throw new MediaException("the first element of the PLY is no vertex");
            }
            count = CloudFile.counted(Long.parseLong(words[2]));
          }
          element = words[1];
        }
        case "property" -> {
          if (element.equals("vertex")) {
            properties.add(new Property(words[words.length - 1], words[1]));
          }
        }
        default -> {}
      }
    }
    CloudFile.counted(count);
    return format.equals("ascii")
        ? ofText(file, body, count, properties)
        : ofBinary(
            ByteBuffer.wrap(file)
                .order(
                    format.equals("binary_big_endian")
                        ? ByteOrder.BIG_ENDIAN
                        : ByteOrder.LITTLE_ENDIAN),
            body,
            count,
            properties);
  }

  /** Returns which properties are red, green and blue. */
  private static int[] channels(List<Property> properties) {
    List<String> names = properties.stream().map(Property::name).toList();
    int[] channels = {names.indexOf("red"), names.indexOf("green"), names.indexOf("blue")};
    if (Arrays.stream(channels).anyMatch(channel -> channel < 0)) {
      throw new MediaException("the vertices of the PLY have no red, green and blue");
    }
    return channels;
  }

  /** A colour is a byte, or a number from 0 to 1. */
  private static byte level(double value, Property property) {
    return CloudFile.level(property.bytes() == 1 ? value / 255 : value);
  }

  private static byte[] ofText(byte[] file, int body, int count, List<Property> properties) {
    int[] channels = channels(properties);
    StringTokenizer words =
        new StringTokenizer(
            new String(file, body, file.length - body, StandardCharsets.ISO_8859_1));
    if (words.countTokens() / properties.size() < count) {
      throw new MediaException("the PLY is cut off");
    }
    byte[] rgb = new byte[3 * count];
    for (int at = 0; at < rgb.length; at += 3) {
      for (int i = 0; i < properties.size(); i++) {
        double value = Double.parseDouble(words.nextToken());
        for (int k = 0; k < 3; k++) {
          if (channels[k] == i) {
            rgb[at + k] = level(value, properties.get(i));
          }
        }
      }
    }
    return rgb;
  }

  private static byte[] ofBinary(ByteBuffer file, int body, int count, List<Property> properties) {
    int[] channels = channels(properties);
    int[] places = new int[properties.size()];
    int stride = 0;
    for (int i = 0; i < places.length; i++) {
      places[i] = stride;
      stride += properties.get(i).bytes();
    }
    if ((long) stride * count > file.capacity() - body) {
      throw new MediaException("the PLY is cut off");
    }
    byte[] rgb = new byte[3 * count];
    for (int i = 0; i < rgb.length; i++) {
      Property property = properties.get(channels[i % 3]);
      int at = body + i / 3 * stride + places[channels[i % 3]];
      double value =
          switch (property.type()) {
            case "uchar", "uint8" -> Byte.toUnsignedInt(file.get(at));
            case "float", "float32" -> file.getFloat(at);
            case "double", "float64" -> file.getDouble(at);
            default -> throw new MediaException("the colours of the PLY are " + property.type());
          };
      rgb[i] = level(value, property);
    }
    return rgb;
  }
}
