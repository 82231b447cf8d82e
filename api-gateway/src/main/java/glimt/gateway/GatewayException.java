package glimt.gateway;

/** The gateway could not start to listen; the message says where and why. */
public final class GatewayException extends RuntimeException {
  GatewayException(String message, Throwable cause) {
    super(message, cause);
  }
}
