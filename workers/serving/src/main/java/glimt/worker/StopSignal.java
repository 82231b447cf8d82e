package glimt.worker;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;

/**
 * Hears the signals by which a process is told to stop. A shutdown hook hears only the first, and
 * the process cannot exit with 0 any more.
 */
final class StopSignal {
  private StopSignal() {}

  /**
   * Has {@code heard} run each time, on a thread of the virtual machine's, instead of its exit.
   *
   * @param name such as TERM
   */
  static void handle(String name, Runnable heard) {
    // By reflection: every JDK has sun.misc.Signal, but compilers warn of it, and no annotation
    // silences them.
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
      throw new IllegalStateException("this Java does not hear SIG" + name, e);
    }
  }
}
