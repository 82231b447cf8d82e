package glimt.gateway;

import org.jspecify.annotations.Nullable;

/** The gateway could not start to listen; the message says where and why. */
public final class GatewayException extends RuntimeException {
  GatewayException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
