package glimt.worker;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;

/**
 * Handles the signals that ask a process to stop. A shutdown hook is not enough: it runs at the
 * first signal only, and after a signal the process can no longer exit with 0.
 */
final class StopSignal {
  private StopSignal() {}

  /**
   * Runs {@code heard} at each signal, on a thread of the JVM, in place of ending the process.
   *
   * @param name the signal's name without SIG, such as TERM
   */
  static void handle(String name, Runnable heard) {
    // Reflection, because every use of sun.misc.Signal is a compiler warning that no annotation
    // suppresses.
    InvocationHandler handler =
        (_, method, _) -> {
          if (method.getName().equals("handle")) {
            heard.run();
          }
          return null;
        };
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handles = Class.forName("sun.misc.SignalHandler");
      Object proxy =
          Proxy.newProxyInstance(
              StopSignal.class.getClassLoader(), new Class<?>[] {handles}, handler);
      Object _ =
          signal
              .getMethod("handle", signal, handles)
              .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("this Java runtime cannot handle SIG" + name, e);
    }
  }
}
