package glimt.safety.c2pa;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * {@code c2pa.hash.bmff.v3}: the hash of the top-level boxes of an MP4, each after the position of
 * its first byte, but for those that carry the manifest or name the file's type.
 */
final class BmffHash {
  static final String LABEL = "c2pa.hash.bmff.v3";

  private static final Set<String> KEYS = Set.of("xpath", "data");

  private BmffHash() {}

  static Binding of(ByteSource file) {
    Map<String, Object> manifest = new LinkedHashMap<>();
    manifest.put("xpath", "/uuid");
    Map<String, Object> data = new LinkedHashMap<>();
    data.put("offset", Mp4Box.HEADER);
    data.put("value", Mp4Container.uuid());
    manifest.put("data", List.of(data));
    List<Map<String, Object>> exclusions =
        List.of(manifest, Map.of("xpath", "/ftyp"), Map.of("xpath", "/mfra"));
    Map<String, Object> content = new LinkedHashMap<>();
    content.put("exclusions", exclusions);
    content.put("alg", Binding.ALGORITHM);
    content.put("hash", hashed(file, exclusions, Binding.digest(Binding.ALGORITHM)));
    content.put("name", "jumbf manifest");
    return new Binding(LABEL, content);
  }

  /** Returns whether a file is the one that was hashed. */
  static boolean matches(ByteSource file, Map<?, ?> content) {
    if (content.get("merkle") != null) {
      throw new UnreadableManifest("the manifest hashes fragments, which are not read here");
    }
    MessageDigest digest = Binding.digest(Cbor.asText(content.get("alg")));
    byte[] now = hashed(file, Cbor.asList(content.get("exclusions")), digest);
    return MessageDigest.isEqual(now, Cbor.asBytes(content.get("hash")));
  }

  private static byte[] hashed(ByteSource file, List<?> exclusions, MessageDigest digest) {
    List<Predicate<Mp4Box>> excluded =
        exclusions.stream().map(one -> exclusion(file, Cbor.asMap(one))).toList();
    for (Mp4Box box : Mp4Box.topLevel(file)) {
      if (excluded.stream().noneMatch(one -> one.test(box))) {
        digest.update(ByteBuffer.allocate(Long.BYTES).putLong(box.from()).flip());
        file.digest(digest, box.from(), box.to());
      }
    }
    return digest.digest();
  }

  /** Which boxes an exclusion means. Only the three that every manifest excludes are allowed. */
  private static Predicate<Mp4Box> exclusion(ByteSource file, Map<?, ?> map) {
    String path = Cbor.asText(map.get("xpath"));
    boolean simple =
        map.entrySet().stream()
            .allMatch(entry -> KEYS.contains(entry.getKey()) || entry.getValue() == null);
    if (simple && (path.equals("/ftyp") || path.equals("/mfra")) && map.get("data") == null) {
      return box -> box.type().equals(path.substring(1));
    }
    if (simple && path.equals("/uuid") && isManifest(map.get("data"))) {
      return box -> Mp4Container.isManifest(file, box);
    }
    throw new UnreadableManifest(
        "the manifest excludes %s from its hash, which is not read here".formatted(path));
  }

  private static boolean isManifest(@Nullable Object data) {
    if (!(data instanceof List<?> list) || list.size() != 1) {
      return false;
    }
    Map<?, ?> one = Cbor.asMap(list.getFirst());
    return one.get("offset") instanceof Number offset
        && offset.longValue() == Mp4Box.HEADER
        && one.get("value") instanceof byte[] value
        && Arrays.equals(value, Mp4Container.uuid());
  }
}
