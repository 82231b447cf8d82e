package glimt.deploy.node;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.PatternLayout;
import ch.qos.logback.classic.pattern.MessageConverter;
import ch.qos.logback.classic.pattern.ThrowableProxyConverter;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.FileAppender;
import ch.qos.logback.core.OutputStreamAppender;
import ch.qos.logback.core.encoder.LayoutWrappingEncoder;
import ch.qos.logback.core.joran.spi.ConsoleTarget;
import ch.qos.logback.core.rolling.RollingFileAppender;
import ch.qos.logback.core.rolling.RollingPolicy;
import ch.qos.logback.core.rolling.RolloverFailure;
import ch.qos.logback.core.rolling.SizeBasedTriggeringPolicy;
import ch.qos.logback.core.rolling.helper.CompressionMode;
import ch.qos.logback.core.spi.ContextAwareBase;
import ch.qos.logback.core.util.FileSize;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.stream.Collectors;
import org.slf4j.LoggerFactory;

/**
 * Configures logging: warnings to standard error, until {@link #to} names a file. Logback finds
 * this class as a service; it is Java because parsing an XML configuration slows the start
 * noticeably.
 */
public final class Logs extends ContextAwareBase implements Configurator {
  private static final String LINE =
      "%d{yyyy-MM-dd'T'HH:mm:ss.SSS'Z', UTC} %-5level %logger{24} %words%n%trace";

  @Override
  public ExecutionStatus configure(LoggerContext context) {
    ConsoleAppender<ILoggingEvent> console = new ConsoleAppender<>();
    console.setTarget(ConsoleTarget.SystemErr.getName());
    attach(context, console, Level.WARN);
    return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
  }

  /** Writes the log of this process to a file from now on; keeps one older file next to it. */
  public static void to(Path file) {
    LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
    context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME).detachAndStopAllAppenders();

    RollingFileAppender<ILoggingEvent> appender = new RollingFileAppender<>();
    appender.setFile(file.toString());
    appender.setRollingPolicy(new OneOlder(file));
    SizeBasedTriggeringPolicy<ILoggingEvent> size = new SizeBasedTriggeringPolicy<>();
    size.setContext(context);
    size.setMaxFileSize(FileSize.valueOf("20 MB"));
    size.start();
    appender.setTriggeringPolicy(size);
    attach(context, appender, Level.INFO);
  }

  /**
   * Keeps one older file next to the log. Logback's own policies take a pattern, which characters
   * in the folder's name could break.
   */
  private record OneOlder(Path file) implements RollingPolicy {
    @Override
    public void rollover() {
      try {
        Files.move(
            file,
            file.resolveSibling(file.getFileName() + ".1"),
            StandardCopyOption.REPLACE_EXISTING);
      } catch (IOException e) {
        throw new RolloverFailure("cannot rename the log " + file, e);
      }
    }

    @Override
    public String getActiveFileName() {
      return file.toString();
    }

    @Override
    public CompressionMode getCompressionMode() {
      return CompressionMode.NONE;
    }

    @Override
    public void setParent(FileAppender<?> appender) {
      // Not needed: the file is known already.
    }

    @Override
    public void start() {
      // Nothing to start.
    }

    @Override
    public void stop() {
      // Nothing to stop.
    }

    @Override
    public boolean isStarted() {
      return true;
    }
  }

  private static void attach(
      LoggerContext context, OutputStreamAppender<ILoggingEvent> appender, Level level) {
    PatternLayout layout = new PatternLayout();
    layout.setContext(context);
    layout.getInstanceConverterMap().put("words", Words::new);
    layout.getInstanceConverterMap().put("trace", Trace::new);
    layout.setPattern(LINE);
    layout.start();
    LayoutWrappingEncoder<ILoggingEvent> encoder = new LayoutWrappingEncoder<>();
    encoder.setContext(context);
    encoder.setCharset(StandardCharsets.UTF_8);
    encoder.setLayout(layout);
    encoder.start();
    appender.setContext(context);
    appender.setEncoder(encoder);
    appender.start();
    Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    root.setLevel(level);
    root.addAppender(appender);
  }

  /** The message, escaped so that a prompt or a name in it cannot begin another line. */
  private static final class Words extends MessageConverter {
    @Override
    public String convert(ILoggingEvent event) {
      return Visible.of(String.valueOf(super.convert(event)));
    }
  }

  /** The stack trace, indented so that no line of it looks like an entry of the log. */
  private static final class Trace extends ThrowableProxyConverter {
    @Override
    protected String throwableProxyToString(IThrowableProxy thrown) {
      return super.throwableProxyToString(thrown)
          .lines()
          .map(line -> "\t" + Visible.of(line.replaceFirst("^\t+", "  ")) + System.lineSeparator())
          .collect(Collectors.joining());
    }
  }
}
