using Kist.Agent.Configuration;
using Kist.Agent.Templates;

namespace Kist.Agent.Rendering;

/// <summary>Reads the template that a configuration names.</summary>
internal static class TemplateFile
{
    /// <summary>What renders it, or what is wrong with it, with file and line.</summary>
    public static (Func<TemplateContext, (string? Text, TemplateFault? Fault)>? Render, string? Error) Read(
        TemplateConfig config)
    {
        string text;
        try
        {
            text = config.Contents ?? File.ReadAllText(config.Source!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (null, $"{config.Place}: the template {config.Source} cannot be read");
        }
        if (config.IsPlain)
        {
            var (plain, wrong) = PlainText.Parse(text);
            return plain is not null ? (plain.Render, null) : (null, $"{NameOf(config)}: {Worded(wrong!)}");
        }
        var (template, fault) = Template.Parse(text, config.LeftDelimiter, config.RightDelimiter);
        return template is not null ? (template.Render, null) : (null, $"{NameOf(config)}: {Worded(fault!)}");
    }

    /// <summary>A fault with its line.</summary>
    public static string Worded(TemplateFault fault) =>
        fault.Line > 0 ? $"line {fault.Line}: {fault.Message}" : fault.Message;

    /// <summary>What texts call a template.</summary>
    public static string NameOf(TemplateConfig config) => config.Source ?? $"{config.Place}, contents";

    /// <summary>What a template is rendered with besides its answers.</summary>
    public static string ReadFile(TemplateConfig config, string path)
    {
        try
        {
            var full = Path.GetFullPath(path);
            if (config.Sandbox is { } sandbox)
            {
                var root = Path.GetFullPath(sandbox).TrimEnd('/') + "/";
                var real = File.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName ?? full;
                if (!real.StartsWith(root, StringComparison.Ordinal))
                    throw new TemplateFault("file: the path lies outside of sandbox_path");
            }
            return File.ReadAllText(full);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TemplateFault($"file: {path} cannot be read");
        }
    }
}
