using Kist.Kernel.Node;

namespace Kist.Agent;

/// <summary>What the agent does, in words for its operator; never a value.</summary>
/// <param name="write">Takes the level and the text.</param>
public sealed class AgentLog(Action<LogLevel, string> write)
{
    public void Debug(string text) => write(LogLevel.Debug, text);

    public void Info(string text) => write(LogLevel.Info, text);

    public void Warn(string text) => write(LogLevel.Warn, text);

    public void Error(string text) => write(LogLevel.Error, text);
}
