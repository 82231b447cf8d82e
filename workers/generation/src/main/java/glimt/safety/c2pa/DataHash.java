package glimt.safety.c2pa;

import java.security.MessageDigest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** {@code c2pa.hash.data}: the hash of all bytes of a file but those that carry the manifest. */
final class DataHash {
  static final String LABEL = "c2pa.hash.data";

  private DataHash() {}

  static Binding of(ByteSource file, int from, int to) {
    MessageDigest digest = Binding.digest(Binding.ALGORITHM);
    file.digest(digest, 0, from);
    file.digest(digest, to, file.size());
    Map<String, Object> content = new LinkedHashMap<>();
    Map<String, Object> exclusion = new LinkedHashMap<>();
    exclusion.put("start", from);
    exclusion.put("length", to - from);
    content.put("exclusions", List.of(exclusion));
    content.put("name", "jumbf manifest");
    content.put("alg", Binding.ALGORITHM);
    content.put("hash", digest.digest());
    content.put("pad", new byte[0]);
    return new Binding(LABEL, content);
  }

  /**
   * Returns whether a file is the one that was hashed. Nothing but the manifest may be excluded, or
   * it could be changed unseen.
   *
   * @param held where the manifest is
   */
  static boolean matches(ByteSource file, Container.Held held, Map<?, ?> content) {
    List<?> exclusions = Cbor.asList(content.get("exclusions"));
    if (exclusions.size() != 1) {
      throw new UnreadableManifest(
          "the manifest excludes %s ranges of the file from its hash, not one"
              .formatted(exclusions.size()));
    }
    Map<?, ?> exclusion = Cbor.asMap(exclusions.getFirst());
    long start = Cbor.asNumber(exclusion.get("start"));
    long length = Cbor.asNumber(exclusion.get("length"));
    if (start != held.from() || length != held.to() - held.from()) {
      return false;
    }
    MessageDigest digest = Binding.digest(Cbor.asText(content.get("alg")));
    file.digest(digest, 0, held.from());
    file.digest(digest, held.to(), file.size());
    return MessageDigest.isEqual(digest.digest(), Cbor.asBytes(content.get("hash")));
  }
}
