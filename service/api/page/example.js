/** An article of our own; places, people and figures are invented. */
export const EXAMPLE = `Die alte Brücke in Talheim wird repariert 🌉

Der Stadtrat von Talheim hat am Montag beschlossen, die alte Brücke über den Fluss zu reparieren. Die Arbeiten beginnen im Mai und dauern drei Monate. Nach Angaben der Verwaltung kostet das Projekt rund 2,4 Millionen Euro.

Für Autos ist die Brücke in dieser Zeit gesperrt. Fußgänger können sie weiter benutzen. Die Busse der Linie 12 fahren über die neue Straße im Süden der Stadt.

Die Bürgermeisterin Anna Berger sagte, die Sicherheit der Menschen sei wichtiger als die Kosten. Die Brücke wurde im Jahr 1931 gebaut. Jeden Tag fahren etwa 8.000 Autos darüber. Im vergangenen Winter hatten Experten Schäden gefunden.

Viele Einwohner haben lange auf diese Entscheidung gewartet. „Wir freuen uns sehr“, sagte ein Händler aus der Altstadt. Einige Geschäfte fürchten allerdings, dass im Sommer weniger Kunden kommen.
`;
