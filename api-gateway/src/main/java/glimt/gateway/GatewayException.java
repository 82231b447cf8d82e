package glimt.gateway;

/** The gateway could not do what the message says. */
public final class GatewayException extends RuntimeException {
  GatewayException(String doing, Throwable cause) {
    super(doing, cause);
  }
}
