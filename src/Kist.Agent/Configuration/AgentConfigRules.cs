namespace Kist.Agent.Configuration;

/// <summary>What must hold between the parts of a configuration, wherever they stand.</summary>
internal static class AgentConfigRules
{
    /// <summary>What does not fit together; null: all does.</summary>
    public static string? Broken(AgentConfig config)
    {
        if (config.Method is null && config.Sinks.Count > 0)
            return "a sink needs auto_auth with a method: there is no token to write";
        if (config.Method is null && config.TokenUse != TokenUse.Callers)
            return "use_auto_auth_token needs auto_auth with a method";
        if (config.Method is null && config.Templates.Count + config.Variables.Count > 0)
            return "templates need auto_auth with a method, to read secrets with";
        if (config.Exec is not null && config.Variables.Count == 0)
            return "exec needs at least one env_template, which says what the program gets";
        if (config.Exec is null && config.Variables.Count > 0)
            return "env_template needs exec, which says what program gets the variables";
        if (config.Exec is not null && config.Templates.Count > 0)
            return "template does not go with exec and env_template: run a second agent for the files";
        if (Twice(config.Templates) is { } template)
            return $"two templates are rendered to {template}";
        if (Twice(config.Variables) is { } variable) return $"two env_template are called {variable}";
        return config.Sinks.GroupBy(s => Path.GetFullPath(s.Path)).FirstOrDefault(g => g.Count() > 1) is { } sinks
            ? $"two sinks write to {sinks.Key}"
            : null;
    }

    private static string? Twice(IEnumerable<TemplateConfig> templates) =>
        templates.GroupBy(t => t.Destination).FirstOrDefault(g => g.Count() > 1)?.Key;
}
