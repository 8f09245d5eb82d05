using System.Text;
using System.Text.Json;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;

namespace Kist.Server.Configuration;

/// <summary>
/// Writes the operator's log: a line per event to a stream, for people or as JSON. An exception is shown by its type
/// and where it came from; its message only when Kist wrote it, because a foreign one may quote what it choked on.
/// </summary>
public sealed class LogWriter(Stream output, TimeProvider clock)
{
    private readonly Lock _writing = new();
    private volatile bool _asJson;

    /// <summary>How much is written.</summary>
    public LogThreshold Threshold { get; } = new();

    /// <summary>Sets how much is written, and in which form.</summary>
    public void Configure(LogLevel level, bool json)
    {
        _asJson = json;
        Threshold.Configure(level);
    }

    /// <summary>Writes one event.</summary>
    public void Write(LogLevel level, string text, Exception? exception)
    {
        if (level < Threshold.Level) return;
        var time = GoTime.Format(clock.GetUtcNow());
        var cause = exception is null ? null : Describe(exception);
        var line = _asJson ? Json(time, level, text, cause)
            : $"{time} [{NameOf(level)}] {text}{(cause is null ? "" : " cause=\"" + cause + "\"")}\n";
        lock (_writing)
        {
            try
            {
                output.Write(Encoding.UTF8.GetBytes(line));
                output.Flush();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Nobody reads the log any more (a closed pipe, or none at all): the server's work goes on.
            }
        }
    }

    private static string Describe(Exception e)
    {
        var name = e.GetType().Name;
        var isOurs = e.GetType().Namespace?.StartsWith("Kist.", StringComparison.Ordinal) == true;
        var where = e.StackTrace?.Split('\n').FirstOrDefault()?.Trim() ?? "";
        return Clean($"{name}{(isOurs || e is IOException ? ": " + e.Message : "")} {where}");
    }

    private static string Clean(string text)
    {
        var clean = new StringBuilder(text.Length);
        foreach (var c in text) clean.Append(char.IsControl(c) || c == '"' ? ' ' : c);
        return clean.ToString();
    }

    private static string Json(string time, LogLevel level, string text, string? cause)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Response.JsonOptions))
        {
            json.WriteStartObject();
            json.WriteString("@timestamp", time);
            json.WriteString("@level", NameOf(level).Trim().ToLowerInvariant());
            json.WriteString("@message", text);
            if (cause is not null) json.WriteString("cause", cause);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    private static string NameOf(LogLevel level) => level switch
    {
        LogLevel.Trace => "TRACE",
        LogLevel.Debug => "DEBUG",
        LogLevel.Info => "INFO ",
        LogLevel.Warn => "WARN ",
        _ => "ERROR",
    };
}
