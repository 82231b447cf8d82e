package glimt.safety.c2pa;

import java.security.MessageDigest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code c2pa.hash.data}: the hash of all bytes of a file but those that carry the manifest, or of
 * all bytes if it lies beside the file.
 */
final class DataHash {
  static final String LABEL = "c2pa.hash.data";

  private DataHash() {}

  static Binding of(ByteSource file, int from, int to) {
    Map<String, Object> exclusion = new LinkedHashMap<>();
    exclusion.put("start", from);
    exclusion.put("length", to - from);
    Map<String, Object> content = new LinkedHashMap<>();
    content.put("exclusions", List.of(exclusion));
    return binding(content, file, from, to);
  }

  static Binding ofWhole(ByteSource file) {
    return binding(new LinkedHashMap<>(), file, 0, 0);
  }

  private static Binding binding(Map<String, Object> content, ByteSource file, long from, long to) {
    content.put("name", "jumbf manifest");
    content.put("alg", Binding.ALGORITHM);
    content.put("hash", hash(Binding.ALGORITHM, file, from, to));
    content.put("pad", new byte[0]);
    return new Binding(LABEL, content);
  }

  private static byte[] hash(String algorithm, ByteSource file, long from, long to) {
    MessageDigest digest = Binding.digest(algorithm);
    file.digest(digest, 0, from);
    file.digest(digest, to, file.size());
    return digest.digest();
  }

  /**
   * Returns whether a file is the one that was hashed. Nothing but the manifest may be excluded, or
   * it could be changed unseen.
   *
   * @param held where the manifest is; an empty place if it lies beside the file
   */
  static boolean matches(ByteSource file, Container.Held held, Map<?, ?> content) {
    Object excluded = content.get("exclusions");
    List<?> exclusions = excluded == null ? List.of() : Cbor.asList(excluded);
    boolean beside = held.from() == held.to();
    if (exclusions.size() != (beside ? 0 : 1)) {
      throw new UnreadableManifest(
          "the manifest excludes %s ranges of the file from its hash, not %s"
              .formatted(exclusions.size(), beside ? "none" : "one"));
    }
    if (!beside) {
      Map<?, ?> exclusion = Cbor.asMap(exclusions.getFirst());
      long start = Cbor.asNumber(exclusion.get("start"));
      long length = Cbor.asNumber(exclusion.get("length"));
      if (start != held.from() || length != held.to() - held.from()) {
        return false;
      }
    }
    byte[] hash = hash(Cbor.asText(content.get("alg")), file, held.from(), held.to());
    return MessageDigest.isEqual(hash, Cbor.asBytes(content.get("hash")));
  }
}
