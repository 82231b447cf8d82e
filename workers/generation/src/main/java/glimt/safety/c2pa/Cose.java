package glimt.safety.c2pa;

import java.io.ByteArrayInputStream;
import java.security.GeneralSecurityException;
import java.security.Signature;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * COSE_Sign1 (RFC 9052) over a claim that is not in it, with the chain of certificates among the
 * protected headers.
 */
final class Cose {
  private static final int SIGN1 = 18;
  private static final long ALGORITHM = 1;
  private static final long CHAIN = 33;
  private static final long EDDSA = -8;

  /** The longest chain that is read. */
  private static final int CHAIN_LIMIT = 8;

  private Cose() {}

  /** Signs a claim. */
  static byte[] sign(byte[] claim, Signer signer) {
    try {
      List<byte[]> chain = new ArrayList<>();
      for (X509Certificate certificate : signer.chain()) {
        chain.add(certificate.getEncoded());
      }
      Map<Long, Object> headers = new LinkedHashMap<>();
      headers.put(ALGORITHM, EDDSA);
      headers.put(CHAIN, chain);
      byte[] head = Cbor.written(headers);
      Signature signature = Signature.getInstance("Ed25519");
      signature.initSign(signer.key());
      signature.update(toBeSigned(head, claim));
      List<Object> parts = new ArrayList<>();
      Collections.addAll(parts, head, Map.of(), null, signature.sign());
      return Cbor.written(parts, SIGN1);
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException("a certificate that was read has an encoding", e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("a checked key signs", e);
    }
  }

  private static byte[] toBeSigned(byte[] head, byte[] claim) {
    return Cbor.written(List.of("Signature1", head, new byte[0], claim));
  }

  /**
   * Checks a signature and returns the certificate of its key, or nothing if it is wrong.
   *
   * @throws UnreadableManifest if it is not a signature that can be checked
   */
  static Optional<X509Certificate> verify(byte[] signature, byte[] claim) {
    List<?> parts = Cbor.asList(Cbor.read(signature));
    if (parts.size() != 4 || parts.get(2) != null) {
      throw new UnreadableManifest("the signature is not a detached COSE_Sign1");
    }
    byte[] head = Cbor.asBytes(parts.get(0));
    Cbor.asMap(parts.get(1)); // the unprotected headers, of which none is used
    Map<?, ?> headers = Cbor.map(head);
    List<X509Certificate> chain = chain(headers.get(Long.toString(CHAIN)));
    String algorithm = algorithm(Cbor.asNumber(headers.get(Long.toString(ALGORITHM))));
    try {
      Signature check = Signature.getInstance(algorithm);
      check.initVerify(chain.getFirst().getPublicKey());
      check.update(toBeSigned(head, claim));
      boolean right = check.verify(Cbor.asBytes(parts.get(3)));
      for (int i = 1; i < chain.size(); i++) {
        chain.get(i - 1).verify(chain.get(i).getPublicKey());
      }
      return right ? Optional.of(chain.getFirst()) : Optional.empty();
    } catch (GeneralSecurityException e) {
      return Optional.empty(); // of another length, or by another kind of key
    }
  }

  private static List<X509Certificate> chain(@Nullable Object header) {
    List<?> encoded = header instanceof byte[] one ? List.of(one) : Cbor.asList(header);
    if (encoded.isEmpty() || encoded.size() > CHAIN_LIMIT) {
      throw new UnreadableManifest(
          "the signature has %s certificates, not 1 to %s".formatted(encoded.size(), CHAIN_LIMIT));
    }
    List<X509Certificate> chain = new ArrayList<>();
    try {
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      for (Object certificate : encoded) {
        chain.add(
            (X509Certificate)
                factory.generateCertificate(new ByteArrayInputStream(Cbor.asBytes(certificate))));
      }
      return chain;
    } catch (CertificateException | IndexOutOfBoundsException e) {
      // The JDK reads an empty Ed25519 key beyond its end.
      throw new UnreadableManifest("a certificate cannot be read: " + e.getMessage(), e);
    }
  }

  private static String algorithm(long number) {
    return switch ((int) number) {
      case (int) EDDSA -> "Ed25519";
      case -7 -> "SHA256withECDSAinP1363Format";
      case -35 -> "SHA384withECDSAinP1363Format";
      case -36 -> "SHA512withECDSAinP1363Format";
      default ->
          throw new UnreadableManifest(
              "the signature's algorithm %s is not read here; Ed25519 and ECDSA are"
                  .formatted(number));
    };
  }
}
