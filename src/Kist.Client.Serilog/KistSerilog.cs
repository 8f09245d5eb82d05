using global::Serilog;
using global::Serilog.Configuration;

namespace Kist.Client.Serilog;

/// <summary>Serilog's logs without the values that this process was given by Kist.</summary>
public static class KistSerilog
{
    /// <summary>
    /// The sinks inside see events in which values are masked: <c>WriteTo.WithoutSecrets(to => to.Console())</c>. As
    /// they are, in base64, in hexadecimal, escaped for JSON and URLs; in the template, properties of every kind, and
    /// the exception. Values of fewer than four bytes are not masked.
    /// </summary>
    public static LoggerConfiguration WithoutSecrets(
        this LoggerSinkConfiguration writeTo, Action<LoggerSinkConfiguration> sinks) =>
        writeTo.Sink(LoggerSinkConfiguration.Wrap(static inner => new RedactingSink(inner), sinks));
}
